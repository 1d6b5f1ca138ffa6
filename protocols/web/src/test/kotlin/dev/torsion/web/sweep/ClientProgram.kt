// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.clock.callLater
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.sweep.SweepRun
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.HttpAgent
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.HttpClientOptions
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.milliseconds

/**
 * One exchange of [kind] with a server of bytes. After it others on the same agent have their own answers. When all of them are over, the agent has
 * no connection, and nobody waits.
 */
internal class ClientProgram(private val run: SweepRun, private val kind: ClientKind) {
    val reactor = run.reactor
    private val steps = Steps(run)
    private val arrivals = HashMap<String, Int>()
    private var isClosed = false
    private var isStopping = false
    private val others = ArrayList<HttpAgent>()

    private val options = HttpClientOptions.DEFAULT.withUserAgent(null)
        .withConnectTimeout(Duration.ofSeconds(5)).withResponseTimeout(Duration.ofSeconds(5)).withReadTimeout(Duration.ofSeconds(5))
        .withQueueTimeout(Duration.ofSeconds(10)).withUnreadTimeout(Duration.ofSeconds(5)).withWriteTimeout(Duration.ofSeconds(5))
    private lateinit var agent: HttpAgent
    lateinit var http: HttpClient
    lateinit var url: String

    fun begin() {
        reactor.callWhenRunning {
            run.inPieces(kind.pieces)
            (reactor as MemoryReactor).network.window = kind.window
            val port = reactor.listenTcp(0, Factory { Server() }, "127.0.0.1")
            url = "http://127.0.0.1:${port.port()}"
            agent = HttpAgent.of(reactor, kind.options(options))
            http = HttpClient.of(agent)
            run.atEnd {
                (others + agent).forEach { if (it.pool.count + it.pool.waitingCount + it.pool.idleCount > 0) run.wrong("left is $it") }
            }
            run.atStop { isStopping = true }
            run.maybe("agent") {
                isClosed = true
                agent.close()
            }
            run.maybe("idle") { agent.closeIdle() }
            steps.begin()
            kind.begin(this) { next(1) }
        }
    }

    fun get(path: String) = ClientRequest.get(url + path)

    /** The requests of [kind]. */
    fun <T> asked(name: String, future: CompletableFuture<T>): CompletableFuture<T> = run.track(name, future)

    fun call(name: String, action: () -> Unit): Unit = run.call(name, action)

    fun callInCoroutine(name: String, action: () -> Unit): Unit = run.callInCoroutine(name, action)

    fun maybe(name: String, action: () -> Unit): Unit = run.maybe(name, action)

    fun heard(error: Throwable): Unit = run.heard(error)

    fun wrong(what: String): Unit = run.wrong(what)

    /** Another agent, which ends with this program. */
    fun another(options: (HttpClientOptions) -> HttpClientOptions): HttpAgent =
        HttpAgent.of(reactor, options(this.options)).also(others::add)

    /** At the end [folder] has the file `file` at most, and is cleared. */
    fun isEmptyAtEnd(folder: Path): Unit = run.atEnd {
        Files.list(folder).use { it.toList() }.forEach {
            if (it.fileName.toString() != "file") run.wrong("$it is left")
            Files.delete(it)
        }
    }

    private fun next(number: Int) {
        if (number > 3) return end()
        val text = run.track("next", http.get("$url/fixed/next$number").text())
        text.whenComplete { body, error ->
            if (error == null && body != "for /fixed/next$number") run.wrong("the answer to next$number was $body")
            if (error == null) return@whenComplete end()
            if (number == 3 && !isClosed && !isStopping) run.wrong("no next request has an answer: $error")
            next(number + 1)
        }
    }

    private fun end() {
        steps.end()
        (others + agent).forEach { it.close() }
        run.planned(
            reactor.callLater(2_000.milliseconds) {
                (others + agent).forEach { if (it.pool.count + it.pool.waitingCount > 0) run.wrong("$it is left with its requests over") }
                run.stop()
            },
        )
    }

    /** Answers by the path. */
    private inner class Server : Protocol() {
        private var bytes = ""

        override fun connectionMade() {
            run.made("server", transport)
        }

        override fun connectionLost(reason: CloseReason) {
            run.gone(transport)
            run.heard(reason)
        }

        override fun dataReceived(data: ByteArray) {
            bytes += data.toString(Charsets.ISO_8859_1)
            while (true) {
                val end = bytes.indexOf("\r\n\r\n").takeIf { it >= 0 } ?: return
                val head = bytes.substring(0, end + 4)
                if ("Expect: 100-continue" in head && "told" !in bytes) {
                    bytes = "told " + bytes
                    send("HTTP/1.1 100 Continue\r\n\r\n")
                    continue
                }
                val bodyEnd = bodyEnd(head, end + 4) ?: return
                val body = bytes.substring(end + 4, bodyEnd)
                bytes = bytes.substring(bodyEnd)
                val path = head.removePrefix("told ").substringAfter(' ').substringBefore(' ')
                kind.answer(path, head, body, arrivals.merge(path, 1, Int::plus)!!, this@Server::send) { transport.loseConnection() }
            }
        }

        private fun bodyEnd(head: String, from: Int): Int? {
            if ("chunked" in head) return bytes.indexOf("0\r\n\r\n", from).takeIf { it >= 0 }?.plus(5)
            val length = LENGTH.find(head)?.groupValues?.get(1)?.toInt() ?: 0
            return (from + length).takeIf { it <= bytes.length }
        }

        private fun send(text: String) {
            if (isConnected && !transport.isDisconnecting) transport.write(text.toByteArray(Charsets.ISO_8859_1))
        }
    }

    private companion object {
        val LENGTH = Regex("Content-Length: (\\d+)")
    }
}
