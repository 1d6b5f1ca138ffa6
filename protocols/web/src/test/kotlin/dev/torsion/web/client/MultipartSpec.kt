// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.Response
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.property.Arb
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.io.IOException

/** Forms with files, as they are on the wire. */
class MultipartSpec :
    FunSpec({
        fun sent(form: Multipart, hasLength: Boolean = true): Pair<String, String> {
            lateinit var result: Pair<String, String>
            httpScene(handler = {
                val type = it.headers["Content-Type"]!!
                val boundary = type.substringAfter("boundary=")
                val body = it.body.readText()
                result = type.replace(boundary, "B") to body.replace(boundary, "B")
                Response.text("${it.headers["Content-Length"]?.toInt() == body.toByteArray().size}")
            }) { http.post(base).multipart(form).text().now() shouldBe "$hasLength" }
            return result
        }

        test("fields and files, with a length") {
            val file = tempdir().resolve("tom.png").apply { writeText("a picture") }
            val form = Multipart.of("title", "Tom ü").file("picture", file.toPath()).file("notes", "n.txt", RequestBody.text("x"))
            sent(form) shouldBe (
                "multipart/form-data; boundary=B" to
                    "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nTom ü\r\n" +
                    "--B\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"tom.png\"\r\n" +
                    "Content-Type: image/png\r\n\r\na picture\r\n" +
                    "--B\r\nContent-Disposition: form-data; name=\"notes\"; filename=\"n.txt\"\r\n" +
                    "Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n--B--\r\n"
                )
            sent(Multipart.EMPTY).second shouldBe "--B--\r\n"
        }

        test("a part of no known length goes out in chunks") {
            sent(Multipart.EMPTY.file("a", "b", RequestBody.stream(null) { it.write("text") }), hasLength = false).second shouldContain
                "\r\n\r\ntext\r\n"
        }

        test("a name cannot end its part: quotes, ends of lines, backslashes, controls") {
            val name = "a\"\r\nContent-Type: evil\r\n\r\n\u0000\\"
            val (_, body) = sent(Multipart.EMPTY.file(name, name, RequestBody.text("x", null)))
            val escaped = "a%22%0D%0AContent-Type: evil%0D%0A%0D%0A%00%5C"
            body shouldBe "--B\r\nContent-Disposition: form-data; name=\"$escaped\"; filename=\"$escaped\"\r\n\r\nx\r\n--B--\r\n"
            shouldThrow<IllegalArgumentException> { Multipart.EMPTY.file("a", "b", RequestBody.text("x", "a/b\r\nX: 1")) }
        }

        test("whatever the names and contents: as many parts as there are, with one line of each kind") {
            checkAll(100, Arb.list(Arb.string(0, 12), 1..4)) { names ->
                val form = names.fold(Multipart.EMPTY) { form, name -> form.file(name, name, RequestBody.text(name)) }
                val parts = sent(form).second.removeSuffix("--B--\r\n").split("--B\r\n").drop(1)
                parts.size shouldBe names.size
                parts.zip(names).forEach { (part, name) ->
                    part.substringBefore("\r\n\r\n").lines().size shouldBe 2
                    part.lines()[0] shouldMatch Regex("Content-Disposition: form-data; name=\"[^\"]*\"; filename=\"[^\"]*\"")
                    part.substringAfter("\r\n\r\n") shouldBe "${String(name.toByteArray())}\r\n"
                }
            }
        }

        test("a file that is not there is said at once") {
            shouldThrow<IOException> { Multipart.EMPTY.file("a", tempdir().resolve("none").toPath()) }
        }
    })
