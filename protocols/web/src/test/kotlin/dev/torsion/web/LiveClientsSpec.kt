// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Files
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeBytes

/** Clients that others have written, over real sockets. */
class LiveClientsSpec :
    FunSpec({
        val router = Router {
            get("/hello") { Response.text("hello ${it.headers.all("X-A")}") }
            post("/echo") { request -> Response.bytes(request.body.readBytes(), "application/octet-stream") }
            put("/count") { request ->
                var count = 0
                while (true) count += (request.body.read() ?: break).size
                Response.text("$count")
            }
            get("/stream") { Response.stream("text/plain") { sink -> repeat(1000) { sink.write("line $it\n") } } }
            get("/fail") { throw HttpException("on purpose") }
        }

        test("curl: a path, HEAD, one connection for several requests").config(enabledOrReasonIf = { Tool.curl }) {
            serving(router) { base ->
                Tool.run("curl", "-sS", "-H", "X-A: 1", "$base/hello") shouldBe "hello [1]"
                Tool.run("curl", "-sSI", "$base/hello") shouldContain "Content-Length: 8\r\n"
                Tool.run("curl", "-sSv", "$base/hello", "$base/stream", "$base/hello") shouldContain "Re-using"
            }
        }

        test("curl: large bodies, with their length and in chunks, waiting for leave").config(enabledOrReasonIf = { Tool.curl }) {
            val file = Files.createTempFile("torsion", ".bin").apply { writeBytes(ByteArray(5_000_000) { it.toByte() }) }
            try {
                serving(router) { base ->
                    Tool.run("curl", "-sS", "-T", "$file", "$base/count") shouldBe "5000000"
                    Tool.run("curl", "-sS", "-H", "Transfer-Encoding: chunked", "-T", "$file", "$base/count") shouldBe "5000000"
                    val expecting = arrayOf("--expect100-timeout", "30", "-H", "Expect: 100-continue")
                    Tool.run("curl", "-sS", *expecting, "-T", "$file", "$base/count") shouldBe "5000000"
                }
            } finally {
                file.deleteExisting()
            }
        }

        test("curl: what is refused says so").config(enabledOrReasonIf = { Tool.curl }) {
            serving(router) { base ->
                Tool.run("curl", "-sSi", "$base/none") shouldStartWith "HTTP/1.1 404 Not Found"
                Tool.run("curl", "-sSi", "-X", "DELETE", "$base/hello") shouldContain "Allow: GET, HEAD, OPTIONS"
                Tool.run("curl", "-sSi", "-H", "Host:", "$base/hello") shouldStartWith "HTTP/1.1 400 Bad Request"
                Tool.run("curl", "-sSi", "-H", "Content-Length: 99999999", "-X", "POST", "$base/echo") shouldStartWith "HTTP/1.1 413 "
            }
        }

        test("Twisted's Agent over a persistent pool").config(enabledOrReasonIf = { Tool.twisted }) {
            serving(router) { base ->
                Tool.run(Tool.PYTHON, "-W", "ignore", "src/test/python/twisted_agent.py", base).trim() shouldBe
                    """[["GET", "/hello", 200, 12, "hello [1, 2]"], ["HEAD", "/hello", 200, 0, ""], """ +
                    """["POST", "/echo", 200, 300000, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"], """ +
                    """["GET", "/stream", 200, 8890, "line 0\nline 1\nline 2\nline 3\nline 4\nline "], """ +
                    """["GET", "/none", 404, 14, "404 Not Found\n"], ["GET", "/fail", 500, 26, "500 Internal Server Error\n"], """ +
                    """["GET", "/hello", 200, 12, "hello [1, 2]"]]"""
            }
        }
    })

/** Runs [block] with the URL of a real server. */
private fun serving(router: Router, block: (String) -> Unit) {
    val reactor = Reactor.create(ReactorOptions("web-test"))
    reactor.start()
    try {
        val port = CompletableFuture<Int>()
        reactor.callFromThread { port.complete(reactor.listenTcp(0, Site(reactor, router), "127.0.0.1").port()) }
        block("http://127.0.0.1:${port.get(10, TimeUnit.SECONDS)}")
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(10)))
    }
}

private object Tool {
    const val PYTHON = "/usr/bin/python3"

    val curl: Enabled by lazy { available("curl is not installed", "curl", "--version") }
    val twisted: Enabled by lazy {
        available("Twisted is not installed (on Debian: apt install python3-twisted)", PYTHON, "-c", "import twisted.web.client")
    }

    private fun available(otherwise: String, vararg command: String): Enabled =
        if (runCatching { run(*command) }.isSuccess) Enabled.enabled else Enabled.disabled(otherwise)

    /** The output of [command]; it has to end well. */
    fun run(vararg command: String): String {
        val process = ProcessBuilder(*command).redirectErrorStream(true).start()
        try {
            process.outputStream.close()
            val output = process.inputReader().readText()
            check(process.waitFor(40, TimeUnit.SECONDS)) { "${command.toList()} does not end" }
            check(process.exitValue() == 0) { "${command.toList()}: $output" }
            return output
        } finally {
            process.destroyForcibly()
        }
    }
}
