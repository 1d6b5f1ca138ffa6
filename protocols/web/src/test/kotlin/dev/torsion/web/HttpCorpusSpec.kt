// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Requests and answers with what has to become of them, and where that stands; whole, and cut in every way. */
class HttpCorpusSpec :
    FunSpec({
        val requests = Case.all("requests.txt")
        val responses = Case.all("responses.txt")

        fun verdict(heard: Heard): String = when (val error = heard.error) {
            is HttpViolationException -> "${error.status}"
            null -> if (heard.reader.isInside) "more" else "ok ${heard.messages.size}"
            else -> "$error"
        }

        fun verdictOfAnswers(heard: Heard): String = when (heard.error) {
            is HttpViolationException -> "bad"
            is IncompleteMessageException -> "cut"
            null -> "ok ${heard.messages.size}"
            else -> "${heard.error}"
        }

        test("there are enough of them, each with a name of its own and a section") {
            requests.size + responses.size shouldBeGreaterThan 240
            listOf(requests, responses).forEach { cases -> cases.map { it.name }.toSet().size shouldBe cases.size }
            (requests + responses).filterNot { SECTION.matches(it.section) }.map { it.name } shouldBe emptyList()
        }

        requests.forEach { case ->
            test("${case.verdict}: ${case.name} (${case.section})") {
                val whole = Heard(isRequest = true).feed(case.bytes) { it }
                verdict(whole) shouldBe case.verdict
                splits(case) { next -> Heard(isRequest = true).feed(case.bytes, next).all shouldBe whole.all }
            }
        }

        responses.forEach { case ->
            test("answer, ${case.verdict}: ${case.name} (${case.section})") {
                fun heard(next: (Int) -> Int) = Heard(isRequest = false).feed(case.bytes, next).also { it.reader.end() }
                val whole = heard { it }
                verdictOfAnswers(whole) shouldBe case.verdict
                splits(case) { next -> heard(next).all shouldBe whole.all }
            }
        }

        test("the parser refuses no byte of a first line that we let pass: so the verdict is ours, whatever the pieces") {
            val lines = listOf("GET /a?b HTTP/1.1\r\n", "M!~9 http://a/ HTTP/1.0\r\n").map { it to true } +
                listOf("HTTP/1.1 200 OK yes\r\n", "HTTP/1.1 200  a\tb \r\n", "HTTP/1.0 404\r\n", "HTTP/1.1 204 \r\n").map { it to false }
            for ((line, isRequest) in lines) {
                for (at in line.indices) {
                    for (byte in 0..255) {
                        val bytes = line.take(at).toByteArray() + byte.toByte()
                        val error = Heard(isRequest).feed(bytes) { it }.error as HttpViolationException?
                        withClue({ "${line.take(at)} and $byte: ${error?.message}" }) { (error?.rule == "RFC 9112 5") shouldBe false }
                    }
                }
            }
        }

        test("a message with faults put into it is understood or refused, and the same whatever the pieces") {
            val random = Random(42)
            val all = (requests.map { it to true } + responses.map { it to false }).filter { it.first.bytes.size < 400 }
            repeat(20_000) { round ->
                val (case, isRequest) = all[random.nextInt(all.size)]
                val bytes = mutated(case.bytes, random)
                fun heard(next: (Int) -> Int) = Heard(isRequest).feed(bytes, next).also { if (round % 2 == 0) it.reader.end() }
                val whole = heard { it }
                withClue({ "round $round: ${bytes.toString(Charsets.ISO_8859_1)}" }) {
                    heard { 1 }.all shouldBe whole.all
                    heard { random.nextInt(1, 20) }.all shouldBe whole.all
                    val error = whole.error
                    (error == null || error is HttpViolationException || error is IncompleteMessageException) shouldBe true
                }
            }
        }
    })

private val SECTION = Regex("""RFC (9110|9112|9113|3986|6585) \d+(\.\d+)*(, max\w+)?""")

private fun splits(case: Case, check: ((Int) -> Int) -> Unit) {
    check { 1 }
    check { 7 }
    val random = Random(case.name.hashCode())
    repeat(5) { check { random.nextInt(1, 64) } }
    if (case.bytes.size < 400) {
        for (at in 1 until case.bytes.size) {
            withClue("cut at $at") {
                var isFirst = true
                check { rest -> if (isFirst) at.also { isFirst = false } else rest }
            }
        }
    }
}
