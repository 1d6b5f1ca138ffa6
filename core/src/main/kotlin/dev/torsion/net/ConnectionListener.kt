// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.nio.ByteBuffer

/**
 * Hears what happens on one connection, below its protocol: for traffic logs, recordings and figures. It changes nothing.
 *
 * The order is fixed: any number of [received] and [sent]; [inputEnded] at most once, behind the last [received]; [outputEnded] at most once,
 * behind the last [sent]; at last [closed], exactly once. On a connection that is cut, [inputEnded] and [outputEnded] are missing.
 *
 * ```kotlin
 * val options = StreamOptions.DEFAULT.withListener { host, peer ->
 *     object : ConnectionListener {
 *         override fun closed(reason: CloseReason) = gone.add(peer)
 *     }
 * }
 * ```
 *
 * Thread: the reactor's. A method must not block. When one throws, that is reported, and the listener hears nothing more. The connection
 * lives on.
 */
public interface ConnectionListener {
    /**
     * Bytes have come, and the protocol gets them next. The view is read-only, and good during this call only. TLS is not decrypted when it
     * is above this connection.
     */
    public fun received(data: ByteBuffer) {}

    /** The operating system, or what is below this connection, has taken these bytes. The view is read-only, and good during this call only. */
    public fun sent(data: ByteBuffer) {}

    /** The peer sends no more. */
    public fun inputEnded() {}

    /** We send no more, and the peer is told. */
    public fun outputEnded() {}

    /** The connection is gone, and its protocol knows. */
    public fun closed(reason: CloseReason) {}
}

/** Gives each connection its [ConnectionListener]. Set it with [StreamOptions.withListener]. */
public fun interface ConnectionListenerFactory {
    /**
     * A connection between [host], which is this end, and [peer] begins. Its protocol is told next.
     *
     * Thread: the reactor's; of several reactors when they share these options. An exception is reported, and counts as null.
     *
     * @return who listens; null when nobody does
     */
    public fun connectionOpened(host: Address, peer: Address): ConnectionListener?
}
