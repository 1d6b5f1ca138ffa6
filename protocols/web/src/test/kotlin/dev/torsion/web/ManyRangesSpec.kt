// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.future.await
import kotlin.io.path.writeBytes

/** Several parts of a file in one answer (RFC 9110 14.6). */
class ManyRangesSpec :
    FunSpec({
        val folder = tempdir().toPath()
        val large = String(CharArray(200_000) { 'a' + it % 26 })
        val small = large.take(5000)

        beforeSpec {
            folder.resolve("large.txt").writeBytes(large.toByteArray())
            folder.resolve("small.txt").writeBytes(small.toByteArray())
        }

        class Answer(val text: String) {
            val body = text.substringAfter("\r\n\r\n")
            val status = text.substringAfter(' ').take(3)

            fun field(name: String) = text.substringBefore("\r\n\r\n").lines().firstOrNull {
                it.startsWith("$name: ")
            }?.substringAfter(": ")

            /** `Content-Range` and bytes of each part, read as a client does. */
            fun parts(): List<Pair<String, String>> {
                val boundary = field("Content-Type")!!.substringAfter("multipart/byteranges; boundary=")
                body.endsWith("\r\n--$boundary--\r\n") shouldBe true
                return ("\r\n$body").removeSuffix("\r\n--$boundary--\r\n").split("\r\n--$boundary\r\n").drop(1).map {
                    val (type, range) = it.substringBefore("\r\n\r\n").lines()
                    type shouldBe "Content-Type: text/plain; charset=utf-8"
                    range.removePrefix("Content-Range: ") to it.substringAfter("\r\n\r\n")
                }
            }
        }

        fun files(test: (ask: (String, String) -> Answer) -> Unit) {
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder)
                val client = connect()
                test { path, fields ->
                    client.send(get(path, fields))
                    pass(1)
                    Answer(client.got())
                }
            }
        }

        test("each part has its type and its place, from the disk and from memory") {
            files { ask ->
                for ((path, whole) in listOf("/large.txt" to large, "/small.txt" to small, "/small.txt" to small)) {
                    withClue(path) {
                        val answer = ask(path, "Range: bytes=20-29, 0-9, -5\r\n")
                        answer.status shouldBe "206"
                        answer.field("Content-Range") shouldBe null
                        answer.field("Content-Length") shouldBe "${answer.body.length}"
                        answer.field("ETag") shouldNotBe null
                        val size = whole.length
                        answer.parts() shouldBe listOf(
                            "bytes 20-29/$size" to whole.substring(20, 30),
                            "bytes 0-9/$size" to whole.substring(0, 10),
                            "bytes ${size - 5}-${size - 1}/$size" to whole.takeLast(5),
                        )
                        ask(path, "").body shouldBe whole // and it is in memory then, where it is small
                    }
                }
            }
        }

        test("parts of more than one piece come whole") {
            files { ask ->
                val answer = ask("/large.txt", "Range: bytes=0-79999,100001-199997\r\n")
                answer.parts().map { it.second } shouldBe listOf(large.substring(0, 80_000), large.substring(100_001, 199_998))
            }
        }

        test("one part that is left is no multipart; without any the answer is 416") {
            files { ask ->
                val joined = ask("/large.txt", "Range: bytes=0-9,10-19,5-14\r\n")
                joined.status shouldBe "206"
                joined.field("Content-Range") shouldBe "bytes 0-19/200000"
                joined.body shouldBe large.take(20)
                val one = ask("/large.txt", "Range: bytes=0-9,200000-\r\n")
                one.field("Content-Range") shouldBe "bytes 0-9/200000"
                val none = ask("/large.txt", "Range: bytes=200000-,300000-300001\r\n")
                none.status shouldBe "416"
                none.field("Content-Range") shouldBe "bytes */200000"
            }
        }

        test("an answer is never larger than the file, whatever is asked for") {
            files { ask ->
                for (ranges in listOf(
                    "0-,".repeat(16), // CVE-2011-3192
                    (0 until 16).joinToString(",") { "$it-" },
                    (0 until 1000).joinToString(",") { "5-$it" },
                    "0-2500,2502-4999", // with their heads they are more than all
                    (0 until 16).joinToString(",") { "${2 * it}-${2 * it}" },
                )) {
                    withClue(ranges.take(40)) {
                        val answer = ask("/small.txt", "Range: bytes=$ranges\r\n")
                        answer.body.length shouldBeLessThan small.length + 1
                        answer.text shouldStartWith "HTTP/1.1 20"
                    }
                }
                ask("/small.txt", "Range: bytes=0-2500,2502-4999\r\n").status shouldBe "200"
                ask("/small.txt", "Range: bytes=${(0 until 17).joinToString(",") { "${9 * it}-${9 * it}" }}\r\n").status shouldBe "200"
            }
        }

        test("If-Range holds for several, too; a HEAD has none") {
            files { ask ->
                val tag = ask("/small.txt", "").field("ETag")
                ask("/small.txt", "Range: bytes=0-1,9-10\r\nIf-Range: $tag\r\n").parts().size shouldBe 2
                ask("/small.txt", "Range: bytes=0-1,9-10\r\nIf-Range: \"x\"\r\n").body shouldBe small
                ask("/small.txt", "Range: bytes=0-1,9-10\r\nRange: bytes=0-1\r\n").status shouldBe "200"
            }
        }

        test("each answer has a boundary of its own") {
            files { ask ->
                val types = List(3) { ask("/small.txt", "Range: bytes=0-1,9-10\r\n").field("Content-Type") }
                types.distinct().size shouldBe 3
            }
        }
    })
