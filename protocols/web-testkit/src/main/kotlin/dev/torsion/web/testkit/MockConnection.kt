// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import dev.torsion.net.TransportOver
import dev.torsion.reactor.Reactor
import dev.torsion.web.HttpLimits
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Request
import dev.torsion.web.Response
import dev.torsion.web.Site
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.time.delay
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.TimeUnit

/** The state that the connections of a server share. */
internal interface MockAnswers {
    val reactor: Reactor
    val options: HttpServerOptions
    val queue: AnswerQueue
    val dispatcher: MockDispatcher?

    fun opened(connection: MockConnection)

    fun ended(connection: MockConnection)

    fun record(request: RecordedRequest)
}

/**
 * One connection of a [MockWebServer]: a [Site] of its own, whose bytes pass through here, so that an answer can be cut at any place. The
 * site is the one of production, and refuses what a server has to refuse.
 */
internal class MockConnection(private val answers: MockAnswers, private val number: Int) {
    private val site = Site(answers.reactor, answers.options, ::answer).apply { isNoisy = false }
    private var count = 0
    private lateinit var below: Transport
    private var cut: Cut? = null // the answer under way ends early
    private var isStopped = false // nothing more goes out or comes in

    fun protocol(address: Address): Protocol = Outer(checkNotNull(site.buildProtocol(address)))

    fun abort(): Unit = below.abortConnection()

    private suspend fun answer(request: Request): Response {
        val index = count++
        val early = if (answers.dispatcher == null) answers.queue.takeIf { !it.isRead } else null
        val body = if (early == null) request.body.readBytes(Long.MAX_VALUE) else ByteArray(0)
        val recorded = RecordedRequest(request, body, number, index)
        answers.record(recorded)
        val answer = early ?: answers.dispatcher?.answer(recorded) ?: answers.queue.take()
        delay(answer.headDelay)
        val fault = answer.fault
        val content = answer.content
        when (answer.point) {
            MockPoint.START, MockPoint.REQUEST -> {
                strike(fault!!)
                awaitCancellation()
            }

            MockPoint.HEAD, MockPoint.BODY -> if (content !is MockResponse.Raw) cut = Cut(answer.point == MockPoint.HEAD, fault!!)

            MockPoint.END, null -> Unit
        }
        return when (content) {
            is MockResponse.Given -> content.response

            is MockResponse.Raw -> {
                below.write(content.bytes)
                strike(fault!!)
                awaitCancellation()
            }

            is MockResponse.Own -> {
                val after = fault.takeIf { answer.point == MockPoint.END }
                if (content.isWhole || content.body.isEmpty() || request.method == "HEAD") {
                    after?.let(::strikeLater)
                    content.whole()
                } else {
                    inPieces(content, after)
                }
            }
        }
    }

    private fun inPieces(content: MockResponse.Own, after: MockFault?): Response {
        val length = if (content.chunk > 0) -1L else content.body.size.toLong()
        val size = if (content.chunk > 0) minOf(content.chunk, content.piece) else content.piece
        return Response.stream("", length) { sink ->
            delay(content.bodyDelay)
            var at = 0
            while (at < content.body.size) {
                val end = at + minOf(size, content.body.size - at)
                sink.write(content.body.copyOfRange(at, end))
                at = end
                if (at < content.body.size) delay(content.period)
            }
            after?.let(::strikeLater)
        }.withStatus(content.status).withHeaders(content.headers)
    }

    /** When what was written has gone out. */
    private fun strikeLater(fault: MockFault) {
        answers.reactor.callLater(0, TimeUnit.NANOSECONDS) { strike(fault) }
    }

    private fun strike(fault: MockFault) {
        isStopped = true
        when (fault) {
            MockFault.CLOSE -> {
                below.unregisterProducer() // the site may wait for its handler
                below.loseConnection()
            }

            // A reset drops what has not arrived.
            MockFault.RESET -> answers.reactor.callLater(1, TimeUnit.MILLISECONDS) { below.abortConnection() }

            MockFault.STALL -> Unit
        }
    }

    /** The protocol that the port sees. */
    private inner class Outer(inner: Protocol) :
        ProtocolWrapper(inner),
        HalfCloseableProtocol {
        private val halves = inner as? HalfCloseableProtocol

        override fun connectionMade() {
            below = transport
            site.doStart()
            answers.opened(this@MockConnection)
            val start = if (answers.dispatcher == null) answers.queue.takeIf { it.point == MockPoint.START } else null
            start?.fault?.let(::strike)
            connectWrapped(Filter())
        }

        override fun dataReceived(view: ByteBuffer) {
            if (!isStopped) super.dataReceived(view)
        }

        override fun readConnectionLost() {
            if (isStopped) transport.abortConnection() else halves?.readConnectionLost() ?: transport.loseConnection()
        }

        override fun writeConnectionLost() {
            halves?.writeConnectionLost()
        }

        override fun connectionLost(reason: CloseReason) {
            super.connectionLost(reason)
            site.doStop()
            answers.ended(this@MockConnection)
        }
    }

    /** The transport that the site sees. */
    private inner class Filter :
        Transport by below,
        TransportOver {
        override val connection get() = below

        override fun write(data: ByteArray, offset: Int, length: Int) = write(ByteBuffer.wrap(data, offset, length))

        override fun write(data: ByteArray) = write(data, 0, data.size)

        override fun writeSequence(data: Iterable<ByteArray>) = data.forEach { write(it) }

        override fun write(data: ByteBuffer) {
            if (isStopped) return
            val fault = cut?.find(data)
            below.write(data)
            if (fault == null) return
            cut = null
            strike(fault)
        }

        // The site may do so behind the handler that has ended the connection, which then would wait for it.
        override fun registerProducer(producer: Producer, streaming: Boolean) {
            if (!isStopped) below.registerProducer(producer, streaming)
        }

        override fun loseConnection() {
            if (!isStopped) below.loseConnection()
        }

        override fun loseConnection(cause: Throwable) {
            if (!isStopped) below.loseConnection(cause)
        }

        override fun stopProducing() = loseConnection()

        override fun toString() = "$below"
    }

    /** Finds the place where an answer ends early: in its head, or in what comes first behind it. */
    private class Cut(private val isInHead: Boolean, private val fault: MockFault) {
        private var matched = 0

        /** Takes the end off [data], if that place is in it. */
        fun find(data: ByteBuffer): MockFault? {
            val begin = data.position()
            var end = begin
            while (matched < END_OF_HEAD.length && end < data.limit()) {
                val byte = data.get(end++).toInt().toChar()
                matched = if (byte == END_OF_HEAD[matched]) {
                    matched + 1
                } else if (byte == '\r') {
                    1
                } else {
                    0
                }
            }
            if (isInHead) return fault.also { data.limit(begin + (end - begin) / 2) }
            if (end == data.limit()) return null
            return fault.also { data.limit(end + (data.limit() - end) / 2) }
        }
    }

    companion object {
        private const val END_OF_HEAD = "\r\n\r\n"

        /** A test says when time is up, and not this server. */
        val PATIENT: HttpServerOptions = Duration.ofDays(365).let {
            HttpServerOptions.DEFAULT.withIdleTimeout(it).withHeadTimeout(it).withBodyTimeout(it).withHandlerTimeout(it)
                .withWriteTimeout(it).withMinimumBodyRate(0)
                .withLimits(HttpLimits.DEFAULT.withMaxBodyBytes(Int.MAX_VALUE.toLong()))
        }
    }
}

/** Makes the connections of a server. */
internal class MockFactory(private val answers: MockAnswers) : Factory() {
    private var count = 0

    init {
        isNoisy = false
    }

    override fun buildProtocol(address: Address): Protocol = MockConnection(answers, count++).protocol(address)
}
