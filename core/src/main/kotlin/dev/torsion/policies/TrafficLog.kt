// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.policies

import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionListener
import dev.torsion.net.ConnectionListenerFactory
import org.slf4j.event.Level
import java.nio.ByteBuffer

/**
 * Logs what connections receive and send, at level debug; Twisted's `TrafficLoggingFactory`. All bytes but printable ASCII are escaped, and
 * only the first ones of each piece are shown. A log of traffic shows secrets: use it to look for faults, and nowhere else.
 *
 * ```kotlin
 * reactor.listenTcp(8007, factory, TcpOptions().withStream(StreamOptions.DEFAULT.withListener(TrafficLog())))
 * ```
 *
 * Thread: any.
 *
 * @param shown how many characters of a piece are shown
 * @param logger where it logs
 */
public class TrafficLog
@JvmOverloads
constructor(
    private val shown: Int = 200,
    private val logger: Logger = Logger(TrafficLog::class.java),
) : ConnectionListenerFactory {
    init {
        require(shown >= 0) { "shown must not be negative, but is $shown" }
    }

    override fun connectionOpened(host: Address, peer: Address): ConnectionListener? =
        if (logger.isEnabled(Level.DEBUG)) Traffic(logger.with(mapOf("host" to host, "peer" to peer)), shown) else null

    private class Traffic(private val log: Logger, private val shown: Int) : ConnectionListener {
        private var received = 0L
        private var sent = 0L

        init {
            log.debug("{peer} is connected to {host}")
        }

        override fun received(data: ByteBuffer) {
            received += data.remaining()
            log.debug("{peer} sent {count} bytes: {bytes}", "count" to data.remaining(), "bytes" to escaped(data, shown))
        }

        override fun sent(data: ByteBuffer) {
            sent += data.remaining()
            log.debug("{peer} gets {count} bytes: {bytes}", "count" to data.remaining(), "bytes" to escaped(data, shown))
        }

        override fun inputEnded() = log.debug("{peer} sends no more")

        override fun outputEnded() = log.debug("{peer} gets no more")

        override fun closed(reason: CloseReason) = log.debug(
            "{peer} is gone: {reason} ({received} bytes came, {sent} went)",
            "reason" to reason,
            "received" to received,
            "sent" to sent,
        )
    }
}
