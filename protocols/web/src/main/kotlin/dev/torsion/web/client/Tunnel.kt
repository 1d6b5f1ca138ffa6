// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.net.CloseReason
import dev.torsion.web.Headers
import dev.torsion.web.HttpException
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.MessagePart
import dev.torsion.web.ResponseHead
import java.nio.ByteBuffer

/** Asks the [proxy] at the other end of [connection] for a tunnel to [origin] (`CONNECT`, RFC 9110 9.3.6). */
internal class Tunnel(private val connection: ClientConnection, private val origin: Origin, private val proxy: HttpProxy) :
    ClientConnection.Asking {
    private val result = Deferred<Unit> { connection.abort(null) }
    private var head: ResponseHead? = null
    private var hasBegun = false
    private var interims = 0

    override var isAnswered = false
        private set

    override val isExpecting: Boolean get() = !isAnswered

    fun begin(): Deferred<Unit> {
        connection.begin(this)
        connection.reader.expectNoBody(true)
        connection.transport.write(OutgoingHead.connect(origin, connection.agent.options, proxy))
        return result
    }

    override fun bytesCame() {
        hasBegun = true
    }

    override fun head(head: ResponseHead) {
        this.head = head
    }

    override fun content(view: ByteBuffer): Unit = Unit

    override fun ended(trailers: Headers) {
        isAnswered = head!!.status >= FINAL
        if (isAnswered) return
        Interims.check(++interims)
        connection.reader.expectNoBody(true)
    }

    override fun settle(isMore: Boolean) {
        if (!isAnswered || result.called) return
        val head = head!!
        when {
            head.status !in SUCCESS -> fail(ProxyRefusedException(head.status, head.reason))
            isMore -> fail(HttpViolationException("Bytes came in the clear behind the answer to CONNECT.", BAD, "RFC 9110 9.3.6"))
            else -> {
                connection.finished(isRequest = false)
                result.callback(Unit)
            }
        }
    }

    private fun fail(error: HttpException) {
        if (result.called) return
        connection.abort(error)
        result.errback(error)
    }

    override fun failed(error: HttpException) = fail(error)

    override fun lost(reason: CloseReason) {
        val part = if (hasBegun) MessagePart.HEAD else MessagePart.START
        if (!result.called) {
            result.errback(
                IncompleteMessageException("The proxy has ended the connection: it made no tunnel.", reason, part),
            )
        }
    }

    override fun timeIsUp(): Unit = Unit

    override fun toString(): String = "CONNECT ${origin.hostAndPort}"

    private companion object {
        const val FINAL = 200
        const val BAD = 502
        val SUCCESS = 200..299
    }
}
