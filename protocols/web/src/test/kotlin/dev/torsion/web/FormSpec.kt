// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.awaitCancellation
import java.io.IOException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.exists
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readText

/** Forms of both kinds, their limits, and what is left of their files. */
class FormSpec :
    FunSpec({
        val folder = tempdir().toPath()
        val onDisk = FormOptions.DEFAULT.withMemoryBytes(10).withFolder(folder)
        val urlEncoded = "Content-Type: application/x-www-form-urlencoded\r\n"
        val multipart = "Content-Type: multipart/form-data; boundary=B1\r\n"

        fun part(head: String, content: String) = "--B1\r\nContent-Disposition: form-data; $head\r\n\r\n$content\r\n"

        fun file(content: String, name: String = "f", fileName: String = "a.txt") = part("name=\"$name\"; filename=\"$fileName\"", content)

        /** Open descriptors of files of the folder, also of those that have no name any more. */
        fun open(): List<String> = Path.of("/proc/self/fd").takeIf { it.exists() }?.listDirectoryEntries().orEmpty()
            .mapNotNull { runCatching { "${Files.readSymbolicLink(it)}" }.getOrNull() }.filter { it.startsWith("$folder") }

        fun show(form: FormData) = form.names().joinToString(" ") { "$it=${form.all(it)}" } +
            form.files().joinToString("") { " ${it.name}:${it.fileName}:${it.contentType}:${it.size}" }

        fun ask(request: String, options: FormOptions = onDisk): String {
            var answer = ""
            scene(handler = { Response.text(show(it.readForm(options))) }) {
                answer = connect().ask(request)
                if (answer.isEmpty()) {
                    pass(1)
                    error("no answer")
                }
            }
            return answer
        }

        fun body(request: String, options: FormOptions = onDisk) = ask(request, options).substringAfter("\r\n\r\n")

        test("fields of a form, in the coding of URLs") {
            mapOf(
                "a=1&b=2&a=3" to "a=[1, 3] b=[2]",
                "a=x+y%20z&%61=%26" to "a=[x y z, &]",
                "a&b=&&=c" to "a=[] b=[] =[c]",
                "a=%zz&b=%" to "a=[%zz] b=[%]",
                "" to "",
            ).forEach { (text, expected) -> withClue(text) { body(post("/", text, urlEncoded)) shouldBe expected } }
        }

        test("fields and files of parts, whatever pieces they come in") {
            val request = post(
                "/",
                part("name=\"a\"", "1") + part("name=b", "x\r\ny") + file("0123456789abc") + part("name=\"a\"", "3") +
                    "--B1\r\ncontent-disposition: form-data; name=g; filename=\"..\\..\\b/../c\"\r\nContent-Type: image/png\r\n\r\nzz\r\n" +
                    file("", "none", "") + "--B1--\r\n",
                multipart,
            )
            val expected = "a=[1, 3] b=[x\r\ny] f:a.txt:null:13 g:..\\..\\b/../c:image/png:2"
            body(request) shouldBe expected
            scene(handler = { Response.text(show(it.readForm(onDisk))) }) {
                for (cut in 1 until request.length) {
                    val client = connect()
                    client.send(request.take(cut))
                    reactor.flush()
                    client.ask(request.drop(cut)).substringAfter("\r\n\r\n") shouldBe expected
                    client.transport.loseConnection()
                }
            }
            open().shouldBeEmpty()
        }

        test("what is no form, or a wrong one, has its status") {
            val whole = part("name=a", "1") + "--B1--\r\n"
            mapOf(
                post("/", "a=1") to 415,
                post("/", "{}", "Content-Type: application/json\r\n") to 415,
                post("/", whole, "Content-Type: multipart/mixed; boundary=B1\r\n") to 415,
                post("/", whole, "Content-Type: multipart/form-data\r\n") to 400,
                post("/", whole, "Content-Type: multipart/form-data; boundary=\r\n") to 415,
                post("/", whole, "Content-Type: multipart/form-data; boundary=\"\"\r\n") to 400,
                post("/", whole, "Content-Type: multipart/form-data; boundary=${"B".repeat(71)}\r\n") to 400,
                post("/", whole, "Content-Type: multipart/form-data; boundary=\"a\u00e4\"\r\n") to 400,
                post("/", whole, "Content-Type: multipart/form-data; boundary=B2\r\n") to 400,
                post("/", whole.dropLast(4), multipart) to 400,
                post("/", "", multipart) to 400,
                post("/", "--B1\r\n\r\n1\r\n--B1--", multipart) to 400,
                post("/", part("filename=a", "1") + "--B1--", multipart) to 400,
                post("/", "--B1\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--B1--", multipart) to 400,
                post("/", part("name=a\r\nContent-Disposition: form-data; name=b", "1") + "--B1--", multipart) to 400,
                post("/", part("name=a\r\nContent-Transfer-Encoding: base64", "MQ==") + "--B1--", multipart) to 400,
                post("/", whole, multipart.replace("B1", "\"B1\"")) to 200,
                post("/", part("name=a\r\nContent-Transfer-Encoding: 8bit", "1") + "--B1--", multipart) to 200,
            ).forEach { (request, status) -> withClue(request) { ask(request) shouldStartWith "HTTP/1.1 $status " } }
        }

        test("limits: fields, their bytes, those of a file and of a head") {
            val ten = List(10) { "a=1" }.joinToString("&")
            ask(post("/", ten, urlEncoded), onDisk.withMaxFields(10)) shouldStartWith "HTTP/1.1 200 "
            ask(post("/", ten, urlEncoded), onDisk.withMaxFields(9)) shouldStartWith "HTTP/1.1 413 "
            ask(post("/", ten, urlEncoded), onDisk.withMaxTextBytes(38)) shouldStartWith "HTTP/1.1 413 "
            val many = part("name=a", "1").repeat(10_000) + "--B1--"
            ask(post("/", many, multipart)) shouldStartWith "HTTP/1.1 413 "
            ask(post("/", many, multipart), onDisk.withMaxFields(10_000)) shouldStartWith "HTTP/1.1 200 "
            ask(post("/", part("name=a", "x".repeat(100)) + "--B1--", multipart), onDisk.withMaxTextBytes(100)) shouldStartWith
                "HTTP/1.1 413 "
            ask(post("/", file("", fileName = "x".repeat(100)) + "--B1--", multipart), onDisk.withMaxTextBytes(100)) shouldStartWith
                "HTTP/1.1 413 "
            ask(post("/", file("x".repeat(100)) + "--B1--", multipart), onDisk.withMaxFileBytes(100)) shouldStartWith "HTTP/1.1 200 "
            ask(post("/", file("x".repeat(101)) + "--B1--", multipart), onDisk.withMaxFileBytes(100)) shouldStartWith "HTTP/1.1 413 "
            ask(post("/", part("name=${"a".repeat(9000)}", "1") + "--B1--", multipart)) shouldStartWith "HTTP/1.1 413 "
            open().shouldBeEmpty()
        }

        test("a file is read whole and copied, from memory and from the disk, and never over another one") {
            val target = folder.resolve("copy")
            for (options in listOf(onDisk, FormOptions.DEFAULT)) {
                scene(handler = {
                    val form = it.readForm(options)
                    check(it.readForm(options) === form)
                    val second = form.files()[1]
                    second.readTo(target) shouldBe target
                    shouldThrow<FileAlreadyExistsException> { form.files()[0].readTo(target) }
                    shouldThrow<BodyTooLargeException> { second.readBytes(3) }
                    Response.bytes(second.readBytes(), "a/b")
                }) {
                    val content = "0123456789".repeat(20_000)
                    val client = connect()
                    client.send(post("/", file("first") + file(content) + file("third") + "--B1--", multipart))
                    pass(1)
                    client.got().substringAfter("\r\n\r\n") shouldBe content
                    target.readText() shouldBe content
                    Files.delete(target)
                }
            }
            folder.listDirectoryEntries().shouldBeEmpty()
        }

        test("nothing is left of the files: the handler ends, fails or is late, the client goes in any byte, the server stops") {
            val request = post("/", file("0123456789abcdef") + part("name=a", "1") + "--B1--\r\n", multipart)
            CapturedLogs.start().use { logs ->
                for (end in listOf("answers", "fails", "is late", "client", "server")) {
                    var kept: FormFile? = null
                    scene(handler = {
                        kept = it.readForm(onDisk).files().single()
                        folder.listDirectoryEntries().shouldBeEmpty() // it has no name
                        when (end) {
                            "answers" -> Response.of(204)
                            "fails" -> error("expected")
                            else -> awaitCancellation()
                        }
                    }) {
                        val client = connect()
                        client.ask(request)
                        pass(1)
                        if (end == "is late") pass(61)
                        if (end == "client") client.transport.abortConnection()
                        if (end == "server") {
                            reactor.stop()
                            pass(11)
                        }
                        pass(1)
                        withClue(end) {
                            shouldThrow<IOException> { kept!!.inputStream().read() }
                            open().shouldBeEmpty()
                        }
                    }
                }
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            }
            for (cut in request.indices) {
                scene(handler = { Response.text(show(it.readForm(onDisk))) }) {
                    val client = connect()
                    client.ask(request.take(cut))
                    client.transport.abortConnection()
                    pass(1)
                    withClue("cut at $cut") { open().shouldBeEmpty() }
                }
            }
            folder.listDirectoryEntries().shouldBeEmpty()
        }

        test("whoever asks again has the same form, and the same fault") {
            scene(handler = {
                val faults = List(2) { _ -> shouldThrow<ResponseException> { it.readForm(onDisk) } }
                Response.text("${faults[0] === faults[1]} ${faults[0].status}")
            }) {
                connect().ask(post("/", part("name=a", "1") + part("filename=b", "2") + "--B1--", multipart)) shouldContain "true 400"
            }
        }

        test("several who ask at a time have the same form, and one that is cancelled takes nothing from the others") {
            val whole = file("0123456789abcdef") + part("name=a", "1") + "--B1--\r\n"
            for ((request, expected) in listOf(
                post("/", whole, multipart) to "a=[1] f:a.txt:null:16",
                post("/", "a=1&b=2", urlEncoded) to "a=[1] b=[2]",
            )) {
                lateinit var asked: Request
                scene(handler = {
                    asked = it
                    awaitCancellation()
                }) {
                    val client = connect()
                    client.ask(request.dropLast(5))
                    val first = asked.form(onDisk)
                    pass(1)
                    val second = asked.form(onDisk)
                    first.cancel(false)
                    pass(1)
                    val third = asked.form(onDisk)
                    client.ask(request.takeLast(5))
                    pass(1)
                    withClue(expected) {
                        show(second.get(0, TimeUnit.SECONDS)) shouldBe expected
                        (third.get(0, TimeUnit.SECONDS) === second.get(0, TimeUnit.SECONDS)) shouldBe true
                    }
                }
            }
        }

        test("a body above the limit of the server, and one that is not whole, end the form as they end any body") {
            val limits = HttpServerOptions.DEFAULT.withLimits(HttpLimits.DEFAULT.withMaxBodyBytes(1000))
            scene(limits, handler = { Response.text(show(it.readForm(onDisk))) }) {
                val text = file("x".repeat(2000))
                connect().ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n$multipart\r\n7d0\r\n$text\r\n") shouldContain
                    "HTTP/1.1 413 "
                val slow = connect()
                slow.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n$multipart\r\n${file("x".repeat(100))}")
                pass(31)
                slow.got() shouldStartWith "HTTP/1.1 408 "
            }
            open().shouldBeEmpty()
        }

        test("a folder that is not there is a failure of the server, and not of the client") {
            CapturedLogs.start().use { logs ->
                val missing = FormOptions.DEFAULT.withMemoryBytes(0).withFolder(folder.resolve("none"))
                ask(post("/", file("x") + "--B1--", multipart), missing) shouldStartWith "HTTP/1.1 500 "
                logs.flushLoggedErrors(IOException::class.java) shouldHaveSize 1
            }
        }
    })
