// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.nio.file.attribute.GroupPrincipal
import java.nio.file.attribute.UserPrincipal

/**
 * A [Transport] over a UNIX socket; Twisted's `IUNIXTransport`, without its file descriptors: Java cannot pass them.
 *
 * A UNIX socket knows no reset. So the peer of [abortConnection] sees an end of the stream, or a reset when it has left bytes unread.
 *
 * Thread: the reactor's.
 */
public interface UnixTransport : HalfCloseableTransport {
    override fun host(): UnixAddress

    override fun peer(): UnixAddress

    /**
     * The process at the other end, as the operating system tells it: its user and group at the time when it connected, or began to listen.
     * Null where the system or its JDK does not tell (Windows), and on a connection that is gone.
     */
    public fun peerCredentials(): PeerCredentials?
}

/**
 * The user and the group of a process at the other end of a UNIX socket. They equal those of its files, as `Files.getOwner` gives them.
 *
 * @property user the effective user
 * @property group the effective group
 */
public data class PeerCredentials(public val user: UserPrincipal, public val group: GroupPrincipal) {
    override fun toString(): String = "${user.name}:${group.name}"
}
