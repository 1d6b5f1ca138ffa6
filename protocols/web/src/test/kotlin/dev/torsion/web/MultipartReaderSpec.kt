// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.random.Random

/** Parts of forms, in all pieces, and bytes that are none. */
class MultipartReaderSpec :
    FunSpec({
        class Seen : MultipartReader.Listener {
            val text = StringBuilder()

            override fun part(fields: List<Pair<String, String>>) {
                text.append(fields).append('<')
            }

            override fun content(bytes: ByteArray, from: Int, count: Int) {
                text.append(String(bytes, from, count, Charsets.ISO_8859_1))
            }

            override fun partEnd() {
                text.append('>')
            }
        }

        /** The parts that are read of [pieces], or the status of the fault. */
        fun read(pieces: List<String>, limit: Int = 100): String {
            val seen = Seen()
            val reader = MultipartReader("B1", limit, seen)
            return try {
                pieces.forEach { reader.feed(it.toByteArray(Charsets.ISO_8859_1)) }
                reader.end()
                seen.text.toString()
            } catch (e: ResponseException) {
                "${e.status}"
            }
        }

        fun inAllPieces(text: String): String {
            val whole = read(listOf(text))
            withClue("byte by byte: $text") { read(text.map { "$it" }) shouldBe whole }
            for (cut in 1 until text.length) withClue("cut at $cut: $text") { read(listOf(text.take(cut), text.drop(cut))) shouldBe whole }
            return whole
        }

        test("parts come as they are, however they are cut") {
            mapOf(
                "--B1--\r\n" to "",
                "--B1--" to "",
                "\r\n--B1\r\nA: b\r\n\r\nx\r\n--B1--" to "[(A, b)]<x>",
                "--B1\r\nA: b\r\nC:d\r\n\r\n\r\n--B1--\r\n" to "[(A, b), (C, d)]<>",
                "--B1\r\n\r\n\r\n\r\n--B1--\r\n" to "[]<\r\n>",
                "--B1\r\n\r\n\r\n--B\r\n--B1--\r\n" to "[]<\r\n--B>",
            ).forEach { (text, expected) -> inAllPieces(text) shouldBe expected }
        }

        test("content of all that a boundary is made of stays what it is, however it is cut") {
            val random = Random(15)
            repeat(400) {
                fun any() = (0 until random.nextInt(14)).map { "\r\n-B1a"[random.nextInt(6)] }.joinToString("")
                val contents = List(random.nextInt(1, 4)) { any() }.map { if ("\r\n--B1" in "\r\n$it\r\n") "x" else it }
                val text = contents.joinToString("") { "--B1\r\nA: b\r\n\r\n$it\r\n" } + "--B1--\r\n"
                inAllPieces(text) shouldBe contents.joinToString("") { "[(A, b)]<$it>" }
            }
        }

        test("what breaks a rule is refused, and the same however it is cut") {
            for (text in listOf(
                "", "x", "\r\n", "\r\n\r\n--B1--", "x\r\n--B1--", "--B1", "--B1-", "--B1\r", "--B1\r\n", "--B1x\r\n",
                "--B1 \r\n\r\nx\r\n--B1--", "--B1\n\n\n--B1--",
                "--B2--\r\n", "--B1--\r", "--B1--x", "--B1--\r\nx", "--B1--\r\n\r\n", "--B1-\r\n",
                "--B1\r\nA: b\r\n\r\nx", "--B1\r\nA: b\r\n\r\nx\r\n--B1", "--B1\r\nA: b\r\n\r\nx\n--B1--\r\n",
                "--B1\r\nA: b\r\n\r\nx\r\n--B1a\r\n--B1--\r\n",
                "--B1\r\nA: b\n\r\nx\r\n--B1--", "--B1\r\nA\r\n\r\nx\r\n--B1--", "--B1\r\n: b\r\n\r\nx\r\n--B1--",
                "--B1\r\nA : b\r\n\r\nx\r\n--B1--",
                "--B1\r\nA: b\r\n c\r\n\r\nx\r\n--B1--", "--B1\r\nA: b\rc\r\n\r\nx\r\n--B1--", "--B1\r\nA: b\u0000\r\n\r\nx\r\n--B1--",
                "--B1\r\n\n\r\nx\r\n--B1--",
            )) {
                inAllPieces(text) shouldBe "400"
            }
        }

        test("a head has a limit, and is not waited for without an end") {
            inAllPieces("--B1\r\nA: ${"b".repeat(200)}\r\n\r\nx\r\n--B1--") shouldBe "413"
            inAllPieces("--B1\r\n" + "A: b\r\n".repeat(30) + "\r\nx\r\n--B1--") shouldBe "413"
            inAllPieces("--B1\r\n" + "A: b\r\n".repeat(15) + "\r\nx\r\n--B1--") shouldContain "<x>"
            val reader = MultipartReader("B1", 100, Seen())
            reader.feed("--B1\r\nA".toByteArray())
            shouldThrow<ResponseException> { repeat(101) { reader.feed("A".toByteArray()) } }.status shouldBe 413
        }

        test("parameters of a field") {
            fun name(text: String) = FieldParameters.of(text)?.let { "${it.value}|${it["name"]}" }
            mapOf(
                "form-data" to "form-data|null",
                "form-data; name=a" to "form-data|a",
                "form-data;name=\"a;b=c\" ; x=y" to "form-data|a;b=c",
                "form-data; NAME=\"a\\\"b\\\\c\\d\"" to "form-data|a\"b\\c\\d",
                "form-data; name=\"\"" to "form-data|",
                "form-data; name=\"C:\\x\"" to "form-data|C:\\x",
                "form-data; name=\"a" to null,
                "form-data; name=\"a\"b" to null,
                "form-data; name=a; name=b" to null,
                "form-data; name=" to null,
                "form-data; =a" to null,
                "form-data; name=a b" to null,
                "form-data; name" to null,
                "form-data; name=a;" to "form-data|a",
            ).forEach { (text, expected) -> withClue(text) { name(text) shouldBe expected } }
        }
    })
