// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.reactor.Reactor
import dev.torsion.web.Case
import dev.torsion.web.Heard
import dev.torsion.web.Live.inFolder
import dev.torsion.web.Live.servingSite
import dev.torsion.web.Site
import dev.torsion.web.Tool
import dev.torsion.web.client.Agent
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.mutated
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.Socket
import java.net.SocketTimeoutException
import kotlin.random.Random

/**
 * Two servers in a row: our proxy with one connection to Twisted's web, or to nginx. The second one sees the
 * requests that the first one has understood, and no other: the next client gets the answer to its own request.
 */
class ProxyChainSpec :
    FunSpec({
        val corpus = Case.all("requests.txt").filter { it.bytes.size < 20_000 }

        fun behindTwisted(test: (port: Int) -> Unit) = Tool.withServers { ports ->
            behind("http://127.0.0.1:${ports.getValue("twisted")}/seen", test)
        }

        fun behindNginx(test: (port: Int) -> Unit) = inFolder { folder ->
            val config = """location / { default_type application/json; return 200 '["${'$'}request_method", "${'$'}request_uri"]'; }"""
            Tool.withNginx(folder, "keepalive_requests 1000000; large_client_header_buffers 8 32k; $config") { port ->
                behind("http://127.0.0.1:$port/seen", test)
            }
        }

        for ((name, isHere, chain) in listOf(
            Triple("Twisted's web", { Tool.twisted }, ::behindTwisted),
            Triple("nginx", { Tool.nginx }, ::behindNginx),
        )) {
            test("$name behind our proxy: the corpus").config(enabledOrReasonIf = { isHere() }) {
                chain { port -> corpus.forEach { withClue(it.name) { check(port, it.bytes, it.name.hashCode()) } } }
            }

            test("$name behind our proxy: messages of the corpus with faults put into them").config(enabledOrReasonIf = { isHere() }) {
                val first = Random.nextInt()
                chain { port ->
                    repeat(ROUNDS) { round ->
                        val seed = first + round
                        val random = Random(seed)
                        val bytes = (1..random.nextInt(1, 3)).map { corpus[random.nextInt(corpus.size)].bytes }.reduce(ByteArray::plus)
                        withClue("seed $seed") { check(port, mutated(bytes, random), seed) }
                    }
                }
            }
        }
    }) {
    private companion object {
        const val ROUNDS = 300
    }
}

/** Runs [test] with the port of a proxy whose server is at [url]. */
private fun behind(url: String, test: (port: Int) -> Unit) {
    servingSite({ reactor: Reactor ->
        val options = HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1).withUserAgent(null)
        Site.of(reactor, ReverseProxy.of(Agent.of(reactor, options), url))
    }) { base -> test(base.substringAfterLast(':').toInt()) }
}

/** Sends [bytes] to the proxy, then a request of another client; [number] tells that one from all others. */
private fun check(port: Int, bytes: ByteArray, number: Int) {
    val all = bytes + "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".toByteArray()
    val heard = Heard(isRequest = true).feed(all) { it }
    val understood = heard.messages.map { it.substringBefore(" 1.") }
    val got = exchange(port, all, isWhole = heard.error != null || !heard.reader.isInside)
    withClue({ "${all.toString(Charsets.ISO_8859_1)}\nwas answered with\n$got" }) {
        if (understood.none { it.startsWith("HEAD ") }) {
            val answers = Heard(isRequest = false).feed(got.toByteArray(Charsets.ISO_8859_1)) { it }
            answers.error shouldBe null
            val seen = answers.messages.filter { it.startsWith("200 ") }
                .map { SEEN.find(it)!!.destructured.let { (method, path) -> "$method $path" } }
            // Some are refused, by the proxy or by the server. The others come whole, once and in their order.
            val asked = understood.map { "${it.substringBefore(' ')} ${passed(it.substringAfter(' '))}" }
            val rest = ArrayDeque(asked)
            seen.filterNot { each -> generateSequence(rest::removeFirstOrNull).any { it == each } } shouldBe emptyList()
        }
        val next = exchange(port, "GET /next?$number HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".toByteArray(), isWhole = true)
        next shouldContain "200 OK"
        next shouldContain "\"/seen/next?$number\""
        next.split("HTTP/1.1 ").size shouldBe 2
    }
}

/** The path and the query of [target], below the path of the server. */
private fun passed(target: String): String {
    val path = target.replaceFirst(Regex("(?i)^https?://[^/?]*"), "")
    return "/seen" + if (path.startsWith('/')) path else "/$path"
}

private val SEEN = Regex("""\["(\S+)", "([^"]*)"""")

/** All that comes back for [bytes]. A client whose last request is not [isWhole] ends its side, so that nothing waits for the rest. */
private fun exchange(port: Int, bytes: ByteArray, isWhole: Boolean): String = Socket("127.0.0.1", port).use { socket ->
    socket.soTimeout = 20_000
    val got = ByteArrayOutputStream()
    try {
        socket.getOutputStream().write(bytes)
        if (!isWhole) socket.shutdownOutput()
        socket.getInputStream().transferTo(got)
    } catch (e: SocketTimeoutException) {
        throw AssertionError("the connection stays open", e)
    } catch (_: IOException) { // what is refused may be reset while it is sent
    }
    got.toString(Charsets.ISO_8859_1)
}
