// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.listenTls
import dev.torsion.web.Response
import dev.torsion.web.Site
import dev.torsion.web.client.Authentication
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.HttpProxy
import dev.torsion.web.client.MemoryProxy
import dev.torsion.web.client.RequestBody
import java.io.ByteArrayOutputStream
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.zip.GZIPOutputStream

/** A kind of exchange: what the client asks for, and what the server answers. */
internal abstract class ClientKind {
    /** How many bytes come at once, at most. */
    open val pieces: Int = 40

    /** How many bytes wait between the two ends, at most. */
    open val window: Int = 64 * 1024

    open fun options(options: HttpClientOptions): HttpClientOptions = options

    /** Asks, and calls [done] when that is over. */
    abstract fun begin(program: ClientProgram, done: () -> Unit)

    open fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        val text = "for $path"
        send("HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n$text")
    }

    protected fun CompletableFuture<*>.over(done: () -> Unit) {
        whenComplete { _, _ -> done() }
    }
}

internal class Fixed : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) =
        program.asked("text", program.http.get("${program.url}/fixed/first").text()).over(done)
}

/** Asks for the head first, and then for the body. */
internal abstract class InTwo(private val path: String) : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) {
        val head = program.asked("head", program.http.get(program.url + path).send())
        head.whenComplete { response, error ->
            if (error != null) return@whenComplete done()
            program.maybe("response") { response.close() }
            program.asked("body", response.body.bytes(100_000)).over {
                response.close()
                done()
            }
        }
    }
}

internal class Chunked(private val isUntilClose: Boolean) : InTwo("/stream") {
    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (path != "/stream") return super.answer(path, head, body, times, send, close)
        if (isUntilClose) {
            send("HTTP/1.1 200 OK\r\n\r\nabcdefghi")
            close()
        } else {
            send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n6\r\ndefghi\r\n0\r\nX: y\r\n\r\n")
        }
    }
}

internal class Continue : ClientKind() {
    override fun options(options: HttpClientOptions) = options.withExpectContinue(true)

    override fun begin(program: ClientProgram, done: () -> Unit) {
        val body = RequestBody.stream("a/b") { sink ->
            repeat(3) {
                program.callInCoroutine("write") { }
                sink.write("some")
            }
        }
        program.asked("post", program.http.post("${program.url}/post").body(body).text()).over(done)
    }
}

internal class Redirected : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) =
        program.asked("text", program.http.get("${program.url}/first").text()).over(done)

    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (path != "/first") return super.answer(path, head, body, times, send, close)
        send("HTTP/1.1 302 Found\r\nLocation: /second\r\nContent-Length: 3\r\n\r\nabc")
    }
}

internal class Challenged : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) {
        val call = program.http.get("${program.url}/secret").authentication(Authentication.digest("a", "b"))
        program.asked("text", call.text()).over(done)
    }

    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (path != "/secret" || "Authorization" in head) return super.answer(path, head, body, times, send, close)
        val question = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256"
        send("HTTP/1.1 401 Unauthorized\r\n$question\r\nContent-Length: 3\r\n\r\nabc")
    }
}

/** The server ends an idle connection in the moment in which it is asked. */
internal class Stale : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) {
        program.asked("before", program.http.get("${program.url}/before").text()).over {
            program.asked("text", program.http.get("${program.url}/stale").text()).over(done)
        }
    }

    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (path == "/stale" && times == 1) close() else super.answer(path, head, body, times, send, close)
    }
}

internal class Queued : ClientKind() {
    override fun options(options: HttpClientOptions) = options.withMaxConnections(1)

    override fun begin(program: ClientProgram, done: () -> Unit) {
        val all = (1..3).map { number ->
            program.asked("text$number", program.http.get("${program.url}/fixed/$number").text()).handle { text, _ ->
                if (text != null && text != "for /fixed/$number") program.wrong("the answer to $number was $text")
            }
        }
        CompletableFuture.allOf(*all.toTypedArray()).over(done)
    }
}

internal class Zipped : InTwo("/zip") {
    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (path != "/zip") return super.answer(path, head, body, times, send, close)
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${ZIPPED.length}\r\n\r\n$ZIPPED")
    }

    private companion object {
        val ZIPPED = ByteArrayOutputStream().also { out -> GZIPOutputStream(out).use { it.write(ByteArray(50_000)) } }
            .toByteArray().toString(Charsets.ISO_8859_1)
    }
}

internal class Saved(private val folder: Path) : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) {
        program.isEmptyAtEnd(folder)
        val call = program.http.get("${program.url}/file").onDownload { _, _ -> program.call("progress") { } }
        program.asked("save", call.saveTo(folder.resolve("file"))).over(done)
    }
}

internal class Proxied : ClientKind() {
    override fun begin(program: ClientProgram, done: () -> Unit) {
        val port = program.url.substringAfterLast(':').toInt()
        val agent = program.another { it.withProxy(HttpProxy.of("127.0.0.1", port)) }
        program.asked("tunnel", agent.send(ClientRequest.get("https://server.test/"))).over(done)
    }

    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (!head.startsWith("CONNECT")) return super.answer(path, head, body, times, send, close)
        when (times) {
            1 -> send("HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\nabc")
            else -> close()
        }
    }
}

/**
 * TLS in a tunnel, of TLS too when the proxy [isSecure]. The bytes of TLS are others each time, so they come whole, but where a [window] is
 * full.
 */
internal class Tunnelled(private val isSecure: Boolean, override val window: Int = 64 * 1024) : ClientKind() {
    override val pieces = 100_000

    override fun begin(program: ClientProgram, done: () -> Unit) {
        val reactor = program.reactor
        val site = Site(reactor) { Response.text("x".repeat(LENGTH)) }
        val port = reactor.listenTls(0, site, Tls.server(IDENTITY), "127.0.0.1").port()
        val proxy = MemoryProxy(reactor, tls = if (isSecure) Tls.server(IDENTITY) else null).port.port()
        val agent = program.another { it.proxied(proxy, isSecure) }
        program.asked("text", HttpClient.of(agent).get("https://localhost:$port/").text()).over(done)
    }

    companion object {
        private const val LENGTH = 3_000
        private val IDENTITY = Tls.selfSigned("localhost")

        private fun HttpClientOptions.proxied(port: Int, isSecure: Boolean) = withProxy(
            HttpProxy.of("${if (isSecure) "https" else "http"}://localhost:$port"),
        ).withTls(Tls.client().withTrust(TlsTrust.of(IDENTITY)))

        /** A request for a server without TLS. The proxy answers it itself. */
        fun inTheClear(): ClientKind = object : ClientKind() {
            override val pieces = 100_000

            override fun begin(program: ClientProgram, done: () -> Unit) {
                val site = Site(program.reactor) { Response.text("x".repeat(LENGTH)) }
                val port = program.reactor.listenTls(0, site, Tls.server(IDENTITY), "127.0.0.1").port()
                val agent = program.another { it.proxied(port, isSecure = true) }
                program.asked("text", HttpClient.of(agent).get("http://server.test/").text()).over(done)
            }
        }
    }
}
