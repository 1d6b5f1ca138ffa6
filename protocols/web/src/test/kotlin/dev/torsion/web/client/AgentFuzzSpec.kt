// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runTest
import dev.torsion.web.Case
import dev.torsion.web.HttpException
import dev.torsion.web.fuzzed
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import java.time.Duration
import kotlin.random.Random
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * A client makes an answer of bytes of any kind or fails with an error of HTTP: in time, and the same whatever the pieces. The
 * rest of it is never taken for the answer to the next request.
 */
class AgentFuzzSpec :
    FunSpec({
        val corpus = Case.all("responses.txt").filter { it.bytes.size < 2000 }
        val options = HttpClientOptions.DEFAULT.withRequestTimeout(Duration.ofSeconds(5))

        /** The fate of a request whose answer is [bytes], behind which the server [isClosing] or goes on with right answers. */
        fun outcome(bytes: ByteArray, isClosing: Boolean, chunking: Chunking): String {
            var outcome = ""
            MemoryReactor().use { reactor ->
                reactor.network.chunking = chunking
                var isFirst = true
                val factory = Factory { Answering(isClosing) { if (isFirst) bytes.also { isFirst = false } else null } }
                val port = reactor.listenTcp(0, factory)
                val agent = Agent(reactor, options)
                val base = "http://127.0.0.1:${port.port()}"
                reactor.runTest(10.minutes) {
                    outcome = try {
                        agent.fetch("GET", "$base/first").use { "${it.status} ${it.body.readText()}" }
                    } catch (e: HttpException) {
                        e.javaClass.simpleName
                    }
                    delay(1.seconds) // bytes that come behind the next request cannot be told from its answer
                    repeat(2) { agent.fetch("GET", "$base/next").use { it.body.readText() } shouldBe "right" }
                }
                agent.close()
                port.stopListening()
            }
            return outcome
        }

        fun check(bytes: ByteArray, random: Random, clue: String) {
            val isClosing = random.nextBoolean()
            withClue({ "$clue, ${if (isClosing) "closing" else "open"}: ${bytes.toString(Charsets.ISO_8859_1)}" }) {
                val whole = outcome(bytes, isClosing, Chunking.whole())
                outcome(bytes, isClosing, Chunking.random(random.nextLong(), random.nextInt(1, 40))) shouldBe whole
                if (bytes.size < 300) outcome(bytes, isClosing, Chunking.byteByByte()) shouldBe whole
            }
        }

        fuzzed(corpus, WORDS, ROUNDS, mostBytes = 200, ::check)
    }) {
    /** Answers the first request with what [first] gives, if anything, and all others as they should be. */
    private class Answering(private val isClosing: Boolean, private val first: () -> ByteArray?) : Protocol() {
        private var head = ""

        override fun dataReceived(data: ByteArray) {
            head += data.toString(Charsets.ISO_8859_1)
            if (!head.endsWith("\r\n\r\n")) return
            head = ""
            val bytes = first()
            transport.write(bytes ?: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright".toByteArray())
            if (bytes != null && isClosing) transport.loseConnection()
        }
    }

    private companion object {
        const val ROUNDS = 1000
        val WORDS = listOf(
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 ", "HTTP/1.0 ", "100 Continue", "204 No Content", "304 ", "\r\n", "\r\n\r\n",
            "Content-Length: ",
            "Transfer-Encoding: chunked\r\n", "0", "1", "5", "a", ":", " ", "\t", "\n", "\r", ";",
            "Connection: close\r\n", "\u0000", "\u00e4",
        )
    }
}
