// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.future.await
import java.io.IOException
import java.nio.file.AccessDeniedException
import java.nio.file.DirectoryIteratorException
import java.nio.file.DirectoryStream
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.nio.file.attribute.FileTime
import java.time.Instant
import kotlin.io.path.appendText
import kotlin.io.path.createDirectories
import kotlin.io.path.setLastModifiedTime
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText

/** Files below a folder, and nothing beside them. */
class StaticFilesSpec :
    FunSpec({
        val outside = tempdir().toPath()
        val folder = outside.resolve("public").createDirectories()
        val modified = FileTime.from(Instant.parse("1994-11-06T08:49:37Z"))

        fun file(name: String, text: String): Path =
            folder.resolve(name).also { it.parent.createDirectories() }.apply { writeText(text) }.setLastModifiedTime(modified)

        beforeSpec {
            file("index.html", "start")
            file("a.txt", "0123456789")
            file("empty", "")
            file("sub/index.html", "below")
            file("sub/b c%.css", "style")
            file(".secret", "secret")
            file("sub/.git/config", "secret")
            outside.resolve("passwd").writeText("secret")
            Files.createSymbolicLink(folder.resolve("out"), outside.resolve("passwd"))
            Files.createSymbolicLink(folder.resolve("up"), outside)
            Files.createSymbolicLink(folder.resolve("git"), folder.resolve("sub/.git"))
            Files.createSymbolicLink(folder.resolve("inside.txt"), folder.resolve("a.txt"))
            Files.createDirectory(folder.resolve("bare"))
        }

        fun files(make: (StaticFiles) -> StaticFiles = { it }, test: (ask: (String) -> String) -> Unit) = filesScene(folder, make, test)

        fun body(answer: String) = answer.substringAfter("\r\n\r\n")

        fun field(answer: String, name: String) =
            answer.substringBefore("\r\n\r\n").lines().firstOrNull { it.startsWith("$name: ") }?.substringAfter(": ")

        test("files, folders with an index, and their types") {
            files { ask ->
                body(ask(get("/"))) shouldBe "start"
                body(ask(get("/a.txt?v=1"))) shouldBe "0123456789"
                body(ask(get("/empty"))) shouldBe ""
                body(ask(get("/sub/"))) shouldBe "below"
                body(ask(get("/inside.txt"))) shouldBe "0123456789"
                val style = ask(get("/sub/b%20c%25.css"))
                body(style) shouldBe "style"
                field(style, "Content-Type") shouldBe "text/css; charset=utf-8"
                field(style, "Content-Length") shouldBe "5"
                field(style, "X-Content-Type-Options") shouldBe "nosniff"
                field(ask(get("/empty")), "Content-Type") shouldBe "application/octet-stream"
            }
        }

        test("a folder without its slash is redirected, and one without an index is not listed") {
            files { ask ->
                val answer = ask(get("/sub?a=b"))
                answer shouldStartWith "HTTP/1.1 301 "
                field(answer, "Location") shouldBe "/sub/?a=b"
                ask(get("/bare/")) shouldStartWith "HTTP/1.1 404 "
                ask(get("//sub")) shouldStartWith "HTTP/1.1 404 " // a redirection to //sub/ would lead to another host
            }
        }

        test("nothing outside of the folder, nothing with a dot before it, and nothing that is no file") {
            files { ask ->
                for (path in listOf(
                    "/../passwd", "/sub/../../passwd", "/%2e%2e/passwd", "/..%2fpasswd", "/sub%2f..%2f..%2fpasswd", "/..%5cpasswd",
                    "/out", "/up/passwd", "/up/", "/up", "/git/config", "/git", "/.secret", "/%2esecret", "/sub/.git/config", "/./a.txt",
                    "/sub/../a.txt", "//a.txt", "/a.txt/", "/a.txt%00", "/a.txt%00.html", "/a.txt/b", "/%ff", "/none", "/c%3aa.txt",
                    "/sub//index.html",
                    "/" + "a".repeat(
                        1000,
                    ),
                    "/a.txt::\$DATA", "/a.txt.", "/a.txt%20", "/a.txt...", "/sub./index.html", "${outside.resolve("passwd")}",
                )) {
                    withClue(path) {
                        val answer = ask(get(path))
                        answer shouldStartWith "HTTP/1.1 404 "
                        answer shouldNotContain "secret"
                    }
                }
            }
        }

        test("HEAD has the head, and other methods are told what there is") {
            files { ask ->
                val head = ask("HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n")
                head shouldStartWith "HTTP/1.1 200 "
                field(head, "Content-Length") shouldBe "10"
                body(head) shouldBe ""
                ask(post("/a.txt", "b")) shouldStartWith "HTTP/1.1 405 "
                field(ask("DELETE /a.txt HTTP/1.1\r\nHost: a\r\n\r\n"), "Allow") shouldBe "GET, HEAD, OPTIONS"
                ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 204 "
            }
        }

        test("conditions are answered with 304 and 412, and in their order") {
            files { ask ->
                val first = ask(get("/a.txt"))
                val tag = field(first, "ETag")!!
                val time = field(first, "Last-Modified")!!
                time shouldBe "Sun, 06 Nov 1994 08:49:37 GMT"
                val before = "Sun, 06 Nov 1994 08:49:36 GMT"
                fun status(fields: String) = ask(get("/a.txt", fields)).substringAfter(' ').take(3)
                status("If-None-Match: $tag\r\n") shouldBe "304"
                status("If-None-Match: W/$tag\r\n") shouldBe "304"
                status("If-None-Match: \"x\", $tag\r\n") shouldBe "304"
                status("If-None-Match: *\r\n") shouldBe "304"
                status("If-None-Match: \"x\"\r\n") shouldBe "200"
                status("If-None-Match: \"x\"\r\nIf-Modified-Since: $time\r\n") shouldBe "200"
                status("If-Modified-Since: $time\r\n") shouldBe "304"
                status("If-Modified-Since: $before\r\n") shouldBe "200"
                status("If-Modified-Since: yesterday\r\n") shouldBe "200"
                status("If-Match: $tag\r\n") shouldBe "200"
                status("If-Match: W/$tag\r\n") shouldBe "412"
                status("If-Match: \"x\"\r\n") shouldBe "412"
                status("If-Unmodified-Since: $time\r\n") shouldBe "200"
                status("If-Unmodified-Since: $before\r\nIf-None-Match: $tag\r\n") shouldBe "412"
                val unchanged = ask(get("/a.txt", "If-None-Match: $tag\r\n"))
                field(unchanged, "ETag") shouldBe tag
                body(unchanged) shouldBe ""
            }
        }

        test("one range is answered with 206 or 416; what is none with all") {
            files { ask ->
                val tag = field(ask(get("/a.txt")), "ETag")
                fun ranged(range: String, fields: String = "") = ask(get("/a.txt", "Range: $range\r\n$fields"))
                mapOf(
                    "bytes=2-4" to "234",
                    "bytes=0-0" to "0",
                    "bytes=8-" to "89",
                    "bytes=-3" to "789",
                    "bytes=-99" to "0123456789",
                    "BYTES=5-999999999999999999" to "56789",
                ).forEach { (range, part) ->
                    withClue(range) {
                        val answer = ranged(range)
                        answer shouldStartWith "HTTP/1.1 206 Partial Content\r\n"
                        body(answer) shouldBe part
                        field(answer, "Content-Length") shouldBe "${part.length}"
                        val from = "0123456789".indexOf(part)
                        field(answer, "Content-Range") shouldBe "bytes $from-${from + part.length - 1}/10"
                    }
                }
                for (range in listOf("bytes=10-", "bytes=10-12", "bytes=-0")) {
                    withClue(range) {
                        ranged(range) shouldStartWith "HTTP/1.1 416 "
                        field(ranged(range), "Content-Range") shouldBe "bytes */10"
                    }
                }
                for (range in listOf("bytes=4-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=1-99999999999999999999")) {
                    withClue(range) { ranged(range) shouldStartWith "HTTP/1.1 200 " }
                }
                body(ranged("bytes=2-4", "If-Range: $tag\r\n")) shouldBe "234"
                body(ranged("bytes=2-4", "If-Range: W/$tag\r\n")) shouldBe "0123456789"
                body(ranged("bytes=2-4", "If-Range: \"x\"\r\n")) shouldBe "0123456789"
                body(ranged("bytes=2-4", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n")) shouldBe "234"
                ask("HEAD /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=2-4\r\n\r\n") shouldStartWith "HTTP/1.1 200 "
            }
        }

        test("a large file comes whole, in pieces, as the client takes it; one that has become shorter is cut") {
            val large = folder.resolve("large.bin").apply { writeBytes(ByteArray(3_000_000) { it.toByte() }) }
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder)
                val client = connect()
                client.transport.pauseProducing()
                client.send(get("/large.bin"))
                pass(1)
                client.transport.resumeProducing()
                pass(1)
                body(client.got()) shouldBe String(ByteArray(3_000_000) { it.toByte() }, Charsets.ISO_8859_1)
                CapturedLogs.start().use { logs ->
                    client.transport.pauseProducing()
                    client.send(get("/large.bin"))
                    pass(1)
                    large.writeBytes(ByteArray(10))
                    client.transport.resumeProducing()
                    pass(1)
                    client.end.shouldBeInstanceOf<ConnectionLost>()
                    logs.flushLoggedErrors().size shouldBe 1
                }
            }
        }

        test(
            "a file that is written over while it is sent is cut; one that grows, and one that another takes the place of, come whole as they were",
        ) {
            for (change in listOf("over", "grows", "replaced")) {
                val large = file("$change.bin", "a".repeat(3_000_000))
                lateinit var files: StaticFiles
                scene(handler = { files.handle(it).await() }) {
                    files = StaticFiles.of(reactor, folder)
                    CapturedLogs.start().use { logs ->
                        val client = connect()
                        client.transport.pauseProducing()
                        client.send(get("/$change.bin"))
                        pass(1)
                        when (change) {
                            "over" -> large.writeText("b".repeat(3_000_000))
                            "grows" -> large.appendText("b")
                            else -> Files.move(file("other.bin", "b".repeat(3_000_000)), large, StandardCopyOption.REPLACE_EXISTING)
                        }
                        client.transport.resumeProducing()
                        pass(1)
                        withClue(change) {
                            val isCut = change == "over"
                            if (isCut) {
                                client.end.shouldBeInstanceOf<ConnectionLost>()
                            } else {
                                body(client.got()) shouldBe
                                    "a".repeat(3_000_000)
                            }
                            logs.flushLoggedErrors().size shouldBe if (isCut) 1 else 0
                        }
                    }
                }
            }
        }

        test("a folder that cannot be listed for now is answered with 503, and one that is not for us as if it were not there") {
            folder.resolve("unlisted").createDirectories()
            class Broken(private val error: IOException) : DirectoryStream<Path> {
                override fun iterator() = object : MutableIterator<Path> {
                    override fun hasNext() = throw DirectoryIteratorException(error)

                    override fun next() = throw NoSuchElementException()

                    override fun remove() = throw UnsupportedOperationException()
                }

                override fun close() = Unit
            }
            val tooMany = FileSystemException("unlisted", null, "Too many open files")
            val cases = listOf<Pair<Int, (Path) -> DirectoryStream<Path>>>(
                503 to { throw tooMany },
                503 to { Broken(IOException("Input/output error")) },
                404 to { throw AccessDeniedException("unlisted") },
                404 to { throw NoSuchFileException("unlisted") },
            )
            for ((status, listed) in cases) {
                CapturedLogs.start().use { logs ->
                    files({ it.withListing().withListed(listed) }) { ask -> ask(get("/unlisted/")) shouldStartWith "HTTP/1.1 $status " }
                    logs.flushLoggedErrors().size shouldBe if (status == 503) 1 else 0
                }
            }
        }

        test("a listing has the names that are answered, escaped, and nothing else") {
            val listed = folder.resolve("listed").createDirectories()
            file("listed/a <b>&\"'.txt", "12345")
            file("listed/\u00e4 %2e#?.txt", "1")
            file("listed/.hidden", "secret")
            listed.resolve("below").createDirectories()
            Files.createSymbolicLink(listed.resolve("out"), outside.resolve("passwd"))
            Files.createSymbolicLink(listed.resolve("in"), folder.resolve("a.txt"))
            Files.createSymbolicLink(listed.resolve("nowhere"), folder.resolve("none"))
            files({ it.withListing() }) { ask ->
                val answer = ask(get("/listed/"))
                field(answer, "Content-Type") shouldBe "text/html; charset=utf-8"
                field(answer, "Content-Security-Policy") shouldBe "default-src 'none'"
                val links = Regex("<a href=\"([^\"]*)\">([^<]*)</a>").findAll(answer).map {
                    "${it.groupValues[1]} ${it.groupValues[2]}"
                }.toList()
                links shouldBe listOf(
                    "../ ..",
                    "./a%20%3Cb%3E%26%22%27.txt a &lt;b&gt;&amp;&quot;&#39;.txt",
                    "./below/ below/",
                    "./in in",
                    "./%C3%A4%20%252e%23%3F.txt ${"\u00e4".toByteArray().toString(Charsets.ISO_8859_1)} %2e#?.txt",
                )
                answer shouldContain "<td>5</td><td>1994-11-06 08:49:37</td>"
                body(ask(get("/"))) shouldBe "start"
                ask("HEAD /listed/ HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 200 "
                for (path in listOf("/listed", "/bare/..", "/.git/", "/up/")) ask(get(path)) shouldNotContain "<table>"
            }
            files({ it.withListing().under("/<x>") }) { ask -> ask(get("/%3Cx%3E/listed/")) shouldContain "Files in /&lt;x&gt;/listed/" }
        }

        test("the names of an index are looked for in their order, and none may be no index") {
            file("second/index.txt", "second")
            file("hidden/.index", "secret")
            files({ it.withIndexes("index.html", "index.txt") }) { ask ->
                body(ask(get("/"))) shouldBe "start"
                body(ask(get("/second/"))) shouldBe "second"
                field(ask(get("/second/")), "Content-Type") shouldBe "text/plain; charset=utf-8"
            }
            files({ it.withIndexes() }) { ask -> ask(get("/")) shouldStartWith "HTTP/1.1 404 " }
            scene(handler = { Response.of(204) }) {
                for (name in listOf(".index", "../index.html", "a/b", "")) {
                    shouldThrow<IllegalArgumentException> { StaticFiles.of(reactor, folder).withIndexes(name) }
                }
            }
        }

        test("a client gets the compressed file that it understands, with a tag of its own") {
            file("app.js", "plain")
            file("app.js.gz", "gzipped")
            file("app.js.br", "brotli")
            file("only.js", "plain")
            Files.createSymbolicLink(folder.resolve("only.js.gz"), outside.resolve("passwd"))
            files({ it.withPrecompressed() }) { ask ->
                fun got(accepted: String, path: String = "/app.js") = ask(get(path, "Accept-Encoding: $accepted\r\n"))
                mapOf(
                    "gzip" to "gzipped", "gzip, br" to "brotli", "GZIP;q=0.5, br;q=0" to "gzipped", "*" to "brotli",
                    "*, br;q=0.000" to "gzipped",
                    "identity" to "plain", "gzip;q=0" to "plain", "zstd" to "plain", "gzip;q=0.001" to "gzipped",
                ).forEach { (accepted, content) -> withClue(accepted) { body(got(accepted)) shouldBe content } }
                val answer = got("gzip")
                field(answer, "Content-Encoding") shouldBe "gzip"
                field(answer, "Content-Type") shouldBe "text/javascript; charset=utf-8"
                field(answer, "Vary") shouldBe "Accept-Encoding"
                val plain = ask(get("/app.js"))
                body(plain) shouldBe "plain"
                field(plain, "Vary") shouldBe "Accept-Encoding"
                field(plain, "Content-Encoding") shouldBe null
                ask(get("/app.js", "Accept-Encoding: gzip\r\nIf-None-Match: ${field(answer, "ETag")}\r\n")) shouldStartWith "HTTP/1.1 304 "
                ask(get("/app.js", "If-None-Match: ${field(answer, "ETag")}\r\n")) shouldStartWith "HTTP/1.1 200 "
                body(got("gzip\r\nRange: bytes=1-2")) shouldBe "zi"
                body(got("gzip", "/only.js")) shouldBe "plain"
            }
            files { ask -> body(ask(get("/app.js", "Accept-Encoding: gzip\r\n"))) shouldBe "plain" }
        }

        test("a file that grows while it is sent is sent as it was") {
            val grows = folder.resolve("grows.bin").apply { writeBytes(ByteArray(3_000_000)) }
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder)
                val client = connect()
                client.transport.pauseProducing()
                client.send(get("/grows.bin"))
                pass(1)
                Files.write(grows, ByteArray(1000), java.nio.file.StandardOpenOption.APPEND)
                client.transport.resumeProducing()
                pass(1)
                body(client.got()).length shouldBe 3_000_000
                client.send(get("/a.txt"))
                pass(1)
                body(client.got()) shouldBe "0123456789"
            }
        }

        test("below a path of their own") {
            files({ it.under("/assets/1") }) { ask ->
                body(ask(get("/assets/1/a.txt"))) shouldBe "0123456789"
                body(ask(get("/assets/1/"))) shouldBe "start"
                for (path in listOf("/a.txt", "/assets/1", "/assets/2/a.txt", "/assets/1/../a.txt")) {
                    withClue(path) { ask(get(path)) shouldStartWith "HTTP/1.1 404 " }
                }
                field(ask(get("/assets/1/sub")), "Location")!! shouldEndWith "/assets/1/sub/"
            }
            scene(handler = { Response.of(204) }) {
                for (path in listOf("assets", "/assets/", "")) {
                    shouldThrow<IllegalArgumentException> { StaticFiles.of(reactor, folder).under(path) }
                }
                "${StaticFiles.of(reactor, folder)}" shouldContain "public"
            }
        }
    })
