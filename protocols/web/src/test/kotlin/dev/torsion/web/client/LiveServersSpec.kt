// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.Headers
import dev.torsion.web.Live.inFolder
import dev.torsion.web.Live.withReactor
import dev.torsion.web.Tool
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.nio.file.Path
import java.util.zip.GZIPInputStream
import kotlin.io.path.createDirectories
import kotlin.io.path.div
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes
import kotlin.time.Duration.Companion.seconds

/** Our client with servers that others have written: nginx, Twisted's web and Python's http.server, over real sockets. */
class LiveServersSpec :
    FunSpec({
        val big = ByteArray(5_000_000) { (it * 31 + it / 7).toByte() }

        fun nginx(more: String = "", test: suspend Agent.(base: String, folder: Path) -> Unit) {
            inFolder { folder ->
                ((folder / "www").createDirectories() / "big.bin").writeBytes(big)
                val config =
                    """
                    root $folder/www;
                    client_max_body_size 100m;
                    dav_methods PUT DELETE;
                    gzip on; gzip_types *; gzip_min_length 1;
                    location = /hello { return 200 "hello"; }
                    location = /connection { return 200 "${'$'}connection ${'$'}connection_requests"; }
                    location = /old { return 301 /hello; }
                    location = /small { client_max_body_size 1k; dav_methods PUT; }
                    $more
                    """
                Tool.withNginx(folder, config) { port -> asking { test("http://127.0.0.1:$port", folder) } }
            }
        }

        test("nginx: one connection for many requests, in a row and of several kinds").config(enabledOrReasonIf = { Tool.nginx }) {
            nginx { base, _ ->
                repeat(5) { text("$base/hello") shouldBe "hello" }
                fetch("HEAD", "$base/big.bin").use { it.headers["Content-Length"] shouldBe "5000000" }
                fetch("GET", "$base/none").use { it.status shouldBe 404 }
                fetch("GET", "$base/old").use { it.status shouldBe 301 }
                val etag = fetch("GET", "$base/big.bin").use { response ->
                    response.body.readBytes() shouldBe big
                    response.headers["ETag"]!!
                }
                fetch("GET", "$base/big.bin", Headers.of("If-None-Match", etag)).use { it.status shouldBe 304 }
                fetch("GET", "$base/big.bin", Headers.of("Range", "bytes=1000-1999")).use {
                    it.status shouldBe 206
                    it.body.readBytes() shouldBe big.copyOfRange(1000, 2000)
                }
                withClue("the number of requests of the connection") { text("$base/connection").substringAfter(' ') shouldBe "12" }
            }
        }

        test("nginx: many requests at once, on no more connections than there may be").config(enabledOrReasonIf = { Tool.nginx }) {
            nginx { base, _ ->
                val connections = coroutineScope { List(200) { async { text("$base/connection").substringBefore(' ') } }.awaitAll() }
                connections shouldHaveSize 200
                connections.toSet().size shouldBeLessThanOrEqual 8
            }
        }

        test("nginx: a body in chunks and zipped").config(enabledOrReasonIf = { Tool.nginx }) {
            nginx { base, _ ->
                fetch("GET", "$base/big.bin", Headers.of("Accept-Encoding", "gzip")).use { response ->
                    response.headers["Transfer-Encoding"] shouldBe "chunked"
                    response.headers["Content-Encoding"] shouldBe "gzip"
                    GZIPInputStream(response.body.readBytes().inputStream()).readBytes() shouldBe big
                }
            }
        }

        test("nginx: uploads with a length, in chunks, and behind 100 Continue").config(enabledOrReasonIf = { Tool.nginx }) {
            nginx { base, folder ->
                val chunks = RequestBody.stream(null) { sink ->
                    for (at in big.indices step 100_000) sink.write(big.copyOfRange(at, at + 100_000))
                }
                for ((name, body) in listOf("length" to RequestBody.bytes(big), "chunks" to chunks)) {
                    for (isExpecting in listOf(false, true)) {
                        val file = "$name-$isExpecting"
                        val request = ClientRequest.put("$base/$file", body).withExpectContinue(isExpecting)
                        fetch(request).use { it.status shouldBe 201 }
                        (folder / "www" / file).readBytes() shouldBe big
                    }
                }
            }
        }

        test("nginx: an upload that it refuses, while it is sent and before").config(enabledOrReasonIf = { Tool.nginx }) {
            nginx { base, _ ->
                for (isExpecting in listOf(false, true)) {
                    val request = ClientRequest.put("$base/small", RequestBody.bytes(big)).withExpectContinue(isExpecting)
                    fetch(request).use { it.status shouldBe 413 }
                    text("$base/hello") shouldBe "hello"
                }
            }
        }

        test("nginx: a connection that it ends after some requests, or when it is idle").config(enabledOrReasonIf = { Tool.nginx }) {
            nginx("keepalive_requests 3;") { base, _ -> repeat(20) { text("$base/hello") shouldBe "hello" } }
            nginx("keepalive_timeout 1ms;") { base, _ -> repeat(50) { text("$base/hello") shouldBe "hello" } }
        }

        fun python(name: String, test: suspend Agent.(base: String) -> Unit) {
            Tool.withServers { ports -> asking { test("http://127.0.0.1:${ports.getValue(name)}") } }
        }

        test("Twisted's web: connections that stay, bodies both ways, chunks, gzip").config(enabledOrReasonIf = { Tool.twisted }) {
            python("twisted") { base ->
                val connection = text("$base/port")
                fetch("POST", "$base/echo", body = RequestBody.bytes(big)).use { it.body.readBytes() shouldBe big }
                text("$base/stream").length shouldBe 8890
                val zipped = fetch("GET", "$base/zipped", Headers.of("Accept-Encoding", "gzip"))
                GZIPInputStream(zipped.use { it.body.readBytes() }.inputStream()).readBytes().size shouldBe 8890
                val chunks = RequestBody.stream(null) { sink -> repeat(100) { sink.write(ByteArray(1000 + it)) } }
                for (isExpecting in listOf(false, true)) {
                    val request = ClientRequest.put("$base/count", chunks).withExpectContinue(isExpecting)
                    fetch(request).use { it.body.readText() shouldBe "104950" }
                }
                fetch("GET", "$base/none").use { it.status shouldBe 404 }
                text("$base/port") shouldBe connection
            }
        }

        test("http.server: connections that stay, HEAD, uploads, an answer until the end of the connection").config(
            enabledOrReasonIf = { Tool.twisted },
        ) {
            python("standard") { base ->
                val connection = text("$base/port")
                text("$base/hello") shouldBe "hello"
                fetch("HEAD", "$base/hello").use { it.headers["Content-Length"] shouldBe "5" }
                for (isExpecting in listOf(false, true)) {
                    val request = ClientRequest.put("$base/count", RequestBody.bytes(big)).withExpectContinue(isExpecting)
                    fetch(request).use { it.body.readText() shouldBe "5000000" }
                }
                text("$base/port") shouldBe connection
                text("$base/until-the-end").length shouldBe 100_000
                fetch("GET", "$base/none").use { it.status shouldBe 404 }
                text("$base/hello") shouldBe "hello"
            }
        }
    })

private suspend fun Agent.text(url: String): String = fetch("GET", url).use { response ->
    val text = response.body.readText()
    check(response.status == 200) { "${response.status} $text" }
    text
}

/** Runs [test] with an agent on a real reactor. */
private fun asking(test: suspend Agent.() -> Unit): Unit = withReactor("web-client-test") { reactor ->
    Agent(reactor).use { agent -> runBlocking { withTimeout(60.seconds) { agent.test() } } }
}
