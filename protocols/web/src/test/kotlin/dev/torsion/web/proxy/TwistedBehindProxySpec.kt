// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.web.Case
import dev.torsion.web.Live.withReactor
import dev.torsion.web.Site
import dev.torsion.web.get
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.BufferedReader
import java.net.Socket
import java.net.SocketTimeoutException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Two servers in a row that others have written one of: a client must not make them count differently. */
class TwistedBehindProxySpec :
    FunSpec({
        test("no desync before Twisted's web: it counts the requests that the proxy does").config(enabledOrReasonIf = { twisted }) {
            val process = ProcessBuilder(PYTHON, "-W", "ignore", "src/test/python/twisted_web_server.py")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start()
            try {
                val output = process.inputReader()
                val backend = "http://127.0.0.1:${output.readLine()}/"
                val counted = LinkedBlockingQueue<String>()
                thread(isDaemon = true) { output.forwardTo(counted) }
                val passed = LinkedBlockingQueue<String>()
                withReactor("proxy-test") { reactor ->
                    val port = CompletableFuture<Int>()
                    reactor.callFromThread {
                        val site = Site.of(reactor, ReverseProxy.of(reactor, backend)).with { request, next ->
                            next(request).also { answer ->
                                if (answer.status ==
                                    200
                                ) {
                                    passed.add("${request.method} ${request.rawPath}${request.rawQuery?.let { "?$it" }.orEmpty()}")
                                }
                            }
                        }
                        port.complete(reactor.listenTcp(0, site, "127.0.0.1").port())
                    }
                    var all = 0
                    for (case in Case.all("/dev/torsion/web/requests.txt")) {
                        withClue(case.name) {
                            talk(port.get(10, TimeUnit.SECONDS), case.bytes + get("/next", "Connection: close\r\n").toByteArray())
                            while (true) {
                                val ours = passed.poll() ?: break
                                counted.poll(10, TimeUnit.SECONDS)?.substringBeforeLast(' ') shouldBe ours
                                all++
                            }
                            counted.poll() shouldBe null
                        }
                    }
                    all shouldBeGreaterThan 50
                }
            } finally {
                process.destroyForcibly()
            }
        }
    })

private const val PYTHON = "/usr/bin/python3"

private val twisted: Enabled by lazy {
    val found = runCatching { ProcessBuilder(PYTHON, "-c", "import twisted.web.server").start().waitFor() }.getOrNull() == 0
    if (found) Enabled.enabled else Enabled.disabled("Twisted is not installed (on Debian: apt install python3-twisted)")
}

private fun BufferedReader.forwardTo(lines: LinkedBlockingQueue<String>) {
    while (true) lines.add(readLine() ?: return)
}

/** Sends [bytes], and reads until the server closes, or says nothing for a while, as of a request that is not whole. */
private fun talk(port: Int, bytes: ByteArray) {
    Socket("127.0.0.1", port).use { socket ->
        socket.soTimeout = 500
        socket.getOutputStream().write(bytes)
        try {
            val input = socket.getInputStream()
            val piece = ByteArray(4096)
            do {
                val count = input.read(piece)
            } while (count >= 0)
        } catch (_: SocketTimeoutException) {
            return
        } catch (_: java.net.SocketException) {
            return // reset, with bytes that nobody reads
        }
    }
}
