// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.web.Live.inFolder
import dev.torsion.web.Live.serving
import dev.torsion.web.Live.servingSite
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Path
import kotlin.io.path.div
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes

/** curl, nc and Twisted's Agent, over real sockets. */
class LiveClientsSpec :
    FunSpec({
        val router = Router {
            get("/hello") { Response.text("hello ${it.headers.all("X-A")}") }
            get("/who") { Response.text("${it.query("n")}") }
            post("/echo") { request -> Response.bytes(request.body.readBytes(), "application/octet-stream") }
            put("/count") { request ->
                var count = 0
                while (true) count += (request.body.read() ?: break).size
                Response.text("$count")
            }
            get("/stream") { Response.stream("text/plain") { sink -> repeat(1000) { sink.write("line $it\n") } } }
            get("/early") { request ->
                request.sendInterim(103, Headers.of("Link", "</a>"))
                Response.stream("text/plain") { sink ->
                    sink.write("abc")
                    sink.setTrailers(Headers.of("X-Sum", "3"))
                }
            }
            get("/fail") { throw HttpException("on purpose") }
            get("/old") { Response.redirect("/hello", 301) }
        }

        fun big(folder: Path) = (folder / "big.bin").apply { writeBytes(ByteArray(5_000_000) { (it * 31 + it / 7).toByte() }) }

        test("curl: a path, HEAD, a redirect, one connection for several requests").config(enabledOrReasonIf = { Tool.curl }) {
            serving(router) { base ->
                Tool.run("curl", "-sS", "-H", "X-A: 1", "$base/hello") shouldBe "hello [1]"
                Tool.run("curl", "-sSI", "$base/hello") shouldContain "Content-Length: 8\r\n"
                Tool.run("curl", "-sSL", "-w", " %{num_connects} %{num_redirects}", "$base/old") shouldBe "hello [] 1 1"
                Tool.run("curl", "-sSv", "$base/hello", "$base/stream", "$base/hello") shouldContain "Re-using"
            }
        }

        test("curl: an answer on the way, and trailers").config(enabledOrReasonIf = { Tool.curl }) {
            serving(router) { base ->
                val answer = Tool.run("curl", "-sSi", "-w", " %{http_code}", "$base/early", "$base/early")
                answer shouldStartWith "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
                answer shouldContain "abc"
                answer shouldContain "X-Sum: 3\r\n"
                answer shouldEndWith " 200"
            }
        }

        test("curl: large bodies, with their length and in chunks, waiting for leave").config(enabledOrReasonIf = { Tool.curl }) {
            inFolder { folder ->
                val file = big(folder)
                serving(router) { base ->
                    Tool.run("curl", "-sS", "-T", "$file", "$base/count") shouldBe "5000000"
                    Tool.run("curl", "-sS", "-H", "Transfer-Encoding: chunked", "-T", "$file", "$base/count") shouldBe "5000000"
                    val expecting = arrayOf("--expect100-timeout", "30", "-H", "Expect: 100-continue")
                    Tool.run("curl", "-sS", *expecting, "-T", "$file", "$base/count") shouldBe "5000000"
                    val there = folder / "there.bin"
                    Tool.run("curl", "-sS", "-o", "$there", "--data-binary", "@$file", "$base/echo")
                    there.readBytes() shouldBe file.readBytes()
                }
            }
        }

        test("curl: an upload that is refused before its body is not sent").config(enabledOrReasonIf = { Tool.curl }) {
            inFolder { folder ->
                val file = big(folder)
                serving(router) { base ->
                    val expecting = arrayOf("--expect100-timeout", "30", "-H", "Expect: 100-continue")
                    Tool.run("curl", "-sS", *expecting, "-T", "$file", "-w", " %{http_code} %{size_upload}", "$base/none") shouldBe
                        "404 Not Found\n 404 0"
                    Tool.run("curl", "-sSi", "-H", "Expect: a-miracle", "-d", "a", "$base/echo") shouldStartWith
                        "HTTP/1.1 417 Expectation Failed"
                }
            }
        }

        test("curl: what is refused says so").config(enabledOrReasonIf = { Tool.curl }) {
            serving(router) { base ->
                Tool.run("curl", "-sSi", "$base/none") shouldStartWith "HTTP/1.1 404 Not Found"
                Tool.run("curl", "-sSi", "-X", "DELETE", "$base/hello") shouldContain "Allow: GET, HEAD, OPTIONS"
                Tool.run("curl", "-sSi", "-H", "Host:", "$base/hello") shouldStartWith "HTTP/1.1 400 Bad Request"
                Tool.run("curl", "-sSi", "-H", "Content-Length: 99999999", "-X", "POST", "$base/echo") shouldStartWith "HTTP/1.1 413 "
                Tool.run("curl", "-sSi", "-H", "X-Long: ${"a".repeat(9000)}", "$base/hello") shouldStartWith "HTTP/1.1 431 "
                Tool.run("curl", "-sSi", "$base/${"a".repeat(9000)}") shouldStartWith "HTTP/1.1 414 "
            }
        }

        test("curl: HTTP/1.0, with a connection that stays and one that does not").config(enabledOrReasonIf = { Tool.curl }) {
            serving(router) { base ->
                val simple = Tool.run("curl", "-sSi", "--http1.0", "$base/hello")
                simple shouldStartWith "HTTP/1.1 200 OK\r\n"
                simple shouldContain "Connection: close\r\n"
                val stream = Tool.run("curl", "-sSi", "--http1.0", "$base/stream")
                stream shouldNotContain "Transfer-Encoding"
                stream shouldEndWith "line 999\n"
                val kept = Tool.run("curl", "-sSv", "--http1.0", "-H", "Connection: keep-alive", "$base/hello", "$base/hello")
                kept shouldContain "Re-using"
                Tool.run("curl", "-sSi", "--http1.0", "-H", "Host:", "$base/hello") shouldEndWith "hello []"
            }
        }

        test("curl: a client that speaks HTTP/2 at once is refused, and one that offers it is answered in HTTP/1.1")
            .config(enabledOrReasonIf = { Tool.curl }) {
                serving(router) { base ->
                    val offered = Tool.run("curl", "-sSi", "--http2", "$base/hello")
                    offered shouldStartWith "HTTP/1.1 200 OK\r\n"
                    offered shouldNotContain "Upgrade"
                    val refused = Tool.run("sh", "-c", "curl -sS --http2-prior-knowledge $base/hello && echo answered || echo refused")
                    refused.trim() shouldEndWith "refused"
                    Tool.run("curl", "-sS", "$base/hello") shouldBe "hello []"
                }
            }

        test("curl: ranges and conditions of files").config(enabledOrReasonIf = { Tool.curl }) {
            inFolder { folder ->
                val file = big(folder)
                val bytes = file.readBytes()
                val there = folder / "there.part"
                servingSite({ Site.of(it, StaticFiles.of(it, folder)) }) { base ->
                    Tool.run("curl", "-sS", "-o", "$there", "-r", "1000000-1999999", "$base/big.bin")
                    there.readBytes() shouldBe bytes.copyOfRange(1_000_000, 2_000_000)
                    Tool.run("curl", "-sS", "-o", "$there", "-r", "-10", "$base/big.bin")
                    there.readBytes() shouldBe bytes.takeLast(10).toByteArray()
                    Tool.run("curl", "-sSi", "-r", "9000000-", "$base/big.bin") shouldStartWith "HTTP/1.1 416 "
                    there.writeBytes(bytes.copyOf(1234))
                    Tool.run("curl", "-sS", "-o", "$there", "-C", "-", "$base/big.bin") // goes on where it was
                    there.readBytes() shouldBe bytes
                    val etag = folder / "etag"
                    Tool.run("curl", "-sS", "-o", "/dev/null", "--etag-save", "$etag", "$base/big.bin")
                    Tool.run("curl", "-sS", "-w", "%{http_code}", "--etag-compare", "$etag", "$base/big.bin") shouldBe "304"
                    Tool.run("curl", "-sS", "--path-as-is", "-w", "%{http_code}", "-o", "/dev/null", "$base/../etc/passwd") shouldBe "404"
                }
            }
        }

        test("nc: requests that are sent ahead are answered in their order").config(enabledOrReasonIf = { Tool.nc }) {
            serving(router) { base ->
                val requests = (1..50).joinToString("") { "GET /who?n=$it HTTP/1.1\r\nHost: a\r\n\r\n" } +
                    "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast"
                val port = base.substringAfterLast(':')
                val answers = Heard(isRequest = false).feed(
                    Tool.run(listOf("nc", "-w", "20", "127.0.0.1", port), requests).toByteArray(Charsets.ISO_8859_1),
                ) { it }
                answers.error shouldBe null
                answers.messages.map { it.substringAfter(" [").substringBeforeLast("] ") } shouldBe (1..50).map { "$it" } + "last"
            }
        }

        test("Twisted's Agent over a persistent pool").config(enabledOrReasonIf = { Tool.twisted }) {
            serving(router) { base ->
                Tool.python("twisted_agent.py", base) shouldBe
                    """[["GET", "/hello", 200, 12, "hello [1, 2]"], ["HEAD", "/hello", 200, 0, ""], """ +
                    """["POST", "/echo", 200, 300000, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"], """ +
                    """["GET", "/stream", 200, 8890, "line 0\nline 1\nline 2\nline 3\nline 4\nline "], """ +
                    """["GET", "/none", 404, 14, "404 Not Found\n"], ["GET", "/fail", 500, 26, "500 Internal Server Error\n"], """ +
                    """["GET", "/hello", 200, 12, "hello [1, 2]"]]"""
            }
        }
    })
