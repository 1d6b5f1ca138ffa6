// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.callLater
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.sweep.SweepRun
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.RequestListener
import dev.torsion.web.RequestRecord
import dev.torsion.web.Response
import dev.torsion.web.Site
import java.nio.file.Files
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * A client of bytes and a [Site], which answer one exchange of [kind], and after it others. In the end each request that was told to the listener has
 * ended there once, no handler runs, no file of a form is left, and no connection counts.
 */
internal class ServerProgram(private val run: SweepRun, private val kind: ServerKind) {
    val reactor = run.reactor
    private val steps = Steps(run)
    private val open = HashSet<RequestRecord>()
    private var isStopping = false
    private var isListening = true
    private var number = 0
    private lateinit var port: ListeningPort
    private lateinit var site: Site

    private val listener = object : RequestListener {
        override fun begun(record: RequestRecord) {
            if (!open.add(record)) run.wrong("$record has begun twice")
        }

        override fun ended(record: RequestRecord) {
            if (!open.remove(record)) run.wrong("$record has ended, and had not begun")
            record.cause?.let(run::heard)
        }
    }

    private val options = HttpServerOptions.DEFAULT.withListener(listener).withMaxConnections(3).withLimits(SMALL)
        .withHandlerTimeout(Duration.ofSeconds(5)).withBodyTimeout(Duration.ofSeconds(4)).withHeadTimeout(Duration.ofSeconds(4))
        .withIdleTimeout(Duration.ofSeconds(6)).withWriteTimeout(Duration.ofSeconds(5))

    fun begin() {
        reactor.callWhenRunning {
            run.inPieces(kind.pieces)
            (reactor as MemoryReactor).network.window = 10 * kind.pieces
            site = kind.site(this, options)
            port = reactor.listenTcp(0, site, "127.0.0.1")
            number = port.port()
            run.atEnd(::check)
            run.atStop { isStopping = true }
            run.maybe("port") {
                isListening = false
                port.stopListening()
            }
            steps.begin()
            var first: Client? = null
            first = Client(kind.request, kind.reads, kind.halfCloses) {
                val got = first!!.got
                val answers = got.split("HTTP/1.1 ").size - 1
                if (answers > kind.answers) run.wrong("there are $answers answers: ${got.take(MOST)}")
                next(1)
            }
            connect(first)
        }
    }

    private fun check() {
        open.forEach { run.wrong("$it has not ended") }
        kind.folder?.let { folder ->
            Files.list(folder).use { it.toList() }.forEach {
                run.wrong("$it is left")
                Files.delete(it)
            }
        }
        repeat(3) { if (!site.admission.begin(null)) run.wrong("a connection is still counted") }
    }

    private fun connect(client: Client) {
        val wanted = object : ClientFactory() {
            override fun buildProtocol(address: Address) = client

            override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
                run.heard(reason)
                client.over()
            }
        }
        reactor.connectTcp("127.0.0.1", number, wanted)
    }

    private fun next(number: Int) {
        if (number > 3 || isStopping || !isListening) return end()
        var client: Client? = null
        client = Client("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reads = true, halfCloses = false) {
            val got = client!!.got
            if (got.endsWith("\r\n\r\nfor /next")) return@Client end()
            if (number == 3 && !isStopping && isListening) run.wrong("no next request has an answer: $got")
            next(number + 1)
        }
        connect(client)
    }

    private fun end() {
        steps.end()
        run.stop()
    }

    fun call(name: String) = run.call(name) { }

    fun callInCoroutine(name: String) = run.callInCoroutine(name) { }

    fun maybe(name: String, action: () -> Unit) = run.maybe(name, action)

    /** While [block] runs, its handler does. */
    suspend fun handling(block: suspend () -> Response): Response {
        run.begun("handler")
        try {
            callInCoroutine("handler")
            return block()
        } finally {
            run.ended("handler")
        }
    }

    /** While [block] runs, the body of an answer is written. */
    suspend fun writing(block: suspend () -> Unit) {
        run.begun("writing")
        try {
            block()
        } finally {
            run.ended("writing")
        }
    }

    /** Four pieces of a body, which have to be closed. */
    fun pieces(): Iterator<ByteArray> = object : Iterator<ByteArray>, AutoCloseable {
        private var left = 4

        init {
            run.begun("pieces")
        }

        override fun hasNext(): Boolean {
            call("hasNext")
            return left > 0
        }

        override fun next(): ByteArray {
            call("next")
            left--
            return ByteArray(600)
        }

        override fun close() {
            run.ended("pieces")
            call("close")
        }
    }

    fun planned(call: DelayedCall): DelayedCall = run.planned(call)

    /** The client's end: asks, reads to the end of the connection, or never reads. */
    private inner class Client(
        private val request: String,
        private val reads: Boolean,
        private val halfCloses: Boolean,
        private val done: () -> Unit,
    ) : Protocol() {
        private var isOver = false
        var got = ""

        override fun connectionMade() {
            run.made("client", transport)
            if (!reads) transport.pauseProducing()
            transport.write(request.toByteArray(Charsets.ISO_8859_1))
            if (halfCloses) (transport as HalfCloseableTransport).loseWriteConnection()
            run.planned(reactor.callLater(20_000.milliseconds) { if (isConnected) transport.abortConnection() })
        }

        override fun dataReceived(data: ByteArray) {
            got += data.toString(Charsets.ISO_8859_1)
        }

        override fun connectionLost(reason: CloseReason) {
            run.gone(transport)
            run.heard(reason)
            over()
        }

        fun over() {
            if (isOver) return
            isOver = true
            done()
        }
    }

    private companion object {
        const val MOST = 300
    }
}
