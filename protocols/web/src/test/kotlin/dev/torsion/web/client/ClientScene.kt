// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.Headers
import dev.torsion.web.Raw
import java.time.Duration

/** An agent in memory, and a server whose bytes the test writes by hand. */
internal class ClientScene(val reactor: MemoryReactor, options: HttpClientOptions = HttpClientOptions.DEFAULT) {
    /** The server's ends of all connections, in their order. */
    val peers = ArrayList<Raw>()
    val port = reactor.listenTcp(0, Factory { Raw().also { peers.add(it) } }, "127.0.0.1")
    val agent = HttpAgent.of(reactor, options.withUserAgent(null))
    val host = "127.0.0.1:${port.port()}"

    fun url(path: String) = "http://$host$path"

    fun ask(request: ClientRequest): Asked = Asked(agent.request(request)).also { reactor.flush() }

    fun ask(method: String, path: String, body: RequestBody? = null, headers: Headers = Headers.EMPTY): Asked =
        ask(ClientRequest.of(method, url(path)).withBody(body).withHeaders(headers))

    fun get(path: String = "/"): Asked = ask("GET", path)

    /** Sends [text] on the connection that was made last. */
    fun answer(text: String, peer: Raw = peers.last()) {
        peer.send(text)
        reactor.flush()
    }

    fun pass(millis: Long) {
        reactor.flush()
        reactor.runFor(Duration.ofMillis(millis))
    }

    /** Ends all, and finds that the pool is empty. */
    fun end() {
        agent.close()
        port.stopListening()
        reactor.flush()
        check(agent.pool.count == 0) { "$agent" }
        check(agent.pool.waitingCount == 0) { "$agent" }
    }
}

/** A request that was made, and what has become of it. */
internal class Asked(val deferred: Deferred<ClientResponse>) {
    var response: ClientResponse? = null
    var error: Throwable? = null
    private var read: Deferred<ByteArray>? = null
    var bodyError: Throwable? = null
    private var body: String? = null

    init {
        deferred.addCallbacks({ response = it }) { error = it.value }
    }

    val status: Int? get() = response?.status

    /** The whole body, once it is there; null until then. */
    val text: String?
        get() {
            val response = response ?: return null
            if (read == null) {
                read = response.body.all(1_000_000)
                read!!.addCallbacks({ body = it.toString(Charsets.ISO_8859_1) }) { bodyError = it.value }
            }
            return body
        }
}

internal fun ok(body: String = "", fields: String = ""): String = "HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n$fields\r\n$body"

internal fun inScene(reactor: MemoryReactor, options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) {
    val scene = ClientScene(reactor, options)
    scene.test()
    scene.end()
}
