// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Bytes of `text/event-stream`, however they are cut, by the HTML standard. */
class EventParserSpec :
    FunSpec({
        test("the examples of the HTML standard (9.2.6)") {
            of("data: YHOO\ndata: +2\ndata: 10\n\n").events shouldBe listOf(ServerEvent("message", "YHOO\n+2\n10", ""))
            of(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n").events shouldBe
                listOf(ServerEvent("message", "first event", "1"), ServerEvent("message", "second event", ""))
            of("data\n\ndata\ndata\n\ndata:").events shouldBe listOf(ServerEvent("message", "", ""), ServerEvent("message", "\n", ""))
            of("data:test\n\ndata: test\n\n").events shouldBe List(2) { ServerEvent("message", "test", "") }
            of("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n").events shouldBe
                listOf(ServerEvent("add", "73857293", ""), ServerEvent("remove", "2153", ""))
        }

        test("each end of a line, and both as one") {
            for (end in listOf("\n", "\r", "\r\n")) {
                withClue(end.map { it.code }) {
                    of("data: a${end}data: b$end${end}data: c$end$end").events.map { it.data } shouldBe listOf("a\nb", "c")
                }
            }
            of("data: a\n\r\ndata: b\r\r\ndata: c\r\n\r").events.map { it.data } shouldBe listOf("a", "b", "c")
        }

        test("fields that are none, comments, and blanks are what the standard says") {
            of(":\n:x\ndatax: 1\nDATA: 1\n data: 1\ndata : 1\ndata:   x \n\n").events.map { it.data } shouldBe listOf("  x ")
            of("event: a\n\ndata: x\n\n").events.single().type shouldBe "message" // an event without data leaves nothing behind
            of("event:\ndata: x\n\n").events.single().type shouldBe "message"
            of("event: a\nevent: b\ndata: x\n\ndata: y\n\n").events.map { it.type } shouldBe listOf("b", "message")
            of("data: \u0000\n\n").events.single().data shouldBe "\u0000"
        }

        test("an id stays until there is another one, counts from the end of its event on, and is taken over from before") {
            of("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n").events.map { it.id } shouldBe listOf("1", "1", "")
            of("data: a\n\n", "7").events.single().id shouldBe "7"
            of("id: 2\n\n").id shouldBe "2"
            of("id: 2\n", "1").id shouldBe "1"
            of("id: 2\ndata: x\n\nid: 3\ndata: y\n").id shouldBe "2"
            of("id: ä\n\n").id shouldBe "ä"
        }

        test("an id that no request can say is ignored, as one with a NUL is") {
            for (id in listOf("2\u00003", "\u0000", "2\u0001", "\u007f")) of("id: $id\ndata: x\n\n", "1").id shouldBe "1"
            of("id:  2 \ndata: x\n\n").id shouldBe " 2 "
            EventParser.inField(" 2 ") shouldBe "2"
            EventParser.inField("ä") shouldBe "\u00c3\u00a4"
        }

        test("a time before the next attempt has digits only") {
            of("retry: 1000\n").retry shouldBe 1000
            of("retry: 1000\nretry: 2\n").retry shouldBe 2
            for (none in listOf("", ":", ": ", ": 1.5", ": -1", ": +1", ": 1 ", ": \u0661", ": x")) {
                of("retry: 1000\nretry$none\n").retry shouldBe 1000
            }
            of("retry: ${"9".repeat(40)}\n").retry shouldBe Long.MAX_VALUE
            of("retry: 007\n").retry shouldBe 7
        }

        test("one byte order mark at the beginning is none of the text; another one is") {
            of("\uFEFFdata: x\n\n").events.single().data shouldBe "x"
            of("\uFEFF\uFEFFdata: x\n\n").events shouldBe emptyList()
            of("\n\uFEFFdata: x\n\n").events shouldBe emptyList()
            of("data: \uFEFF\n\n").events.single().data shouldBe "\uFEFF"
            of("\uFEFF\ndata: x\n\n").events.single().data shouldBe "x"
        }

        test("bytes that are no UTF-8 are replaced, and end with their line") {
            val bytes = "data: a".toByteArray() + byteArrayOf(0xff.toByte(), 0xe2.toByte(), 0x82.toByte()) + "\ndata: b\n\n".toByteArray()
            read(listOf(bytes)).events.single().data shouldBe "a\uFFFD\uFFFD\nb"
        }

        test("a line and the data of an event have a limit, whatever the pieces; comments beside each other have none") {
            val tooLong =
                listOf("data: 123456789012345", ": 3456789012345678901", "data: 123456789\ndata: 12345678901\n", "data\n".repeat(22))
            for (size in listOf(1, 3, 1000)) {
                fun tried(text: String, events: ArrayList<ServerEvent> = ArrayList()) =
                    read(text.toByteArray().toList().chunked(size).map { it.toByteArray() }, most = 20, events = events)
                withClue(size) {
                    tried("data: 12345678901234\n\n").events.single().data shouldBe "12345678901234"
                    tried("data: 123456789\ndata: 1234567890\n\n").events.single().data.length shouldBe 20
                    tried(": 345678901234567890\n".repeat(50)).events shouldBe emptyList()
                    tried("data: 1\n\n".repeat(50)).events.size shouldBe 50
                    for (text in tooLong) {
                        val before = ArrayList<ServerEvent>()
                        shouldThrow<EventTooLargeException> { tried("data: ok\n\n$text", before) }.limit shouldBe 20
                        before.single().data shouldBe "ok"
                    }
                }
            }
        }

        test("every cut gives the same: random streams, at each place, in threes, and byte by byte, against a reading of the whole") {
            val random = Random(15)
            val parts = listOf(
                "data", ": ", ":", " ", "\r", "\n", "\r\n", "\n\n", "\r\n\r\n", "id", "event", "retry", "7",
                "ä", "€", "😀", "\uFEFF", "\u0000", "x", ": c\n", "data: a\n\n", "id: 1\n", "event: e\r", "retry: 9\r\n",
            )
            repeat(300) { round ->
                val text = (0..random.nextInt(25)).joinToString("") { parts[random.nextInt(parts.size)] }
                val bytes = text.toByteArray()
                val expected = oracle(text)
                withClue("$round: ${text.map { it.code }}") {
                    read(listOf(bytes)) shouldBe expected
                    read(bytes.map { byteArrayOf(it) }) shouldBe expected
                    for (cut in 0..bytes.size) read(listOf(bytes.copyOf(cut), bytes.copyOfRange(cut, bytes.size))) shouldBe expected
                    val two = List(2) { random.nextInt(bytes.size + 1) }.sorted()
                    read(
                        listOf(
                            bytes.copyOf(two[0]),
                            ByteArray(0),
                            bytes.copyOfRange(two[0], two[1]),
                            bytes.copyOfRange(two[1], bytes.size),
                        ),
                    ) shouldBe expected
                }
            }
        }
    })

private data class Found(val events: List<ServerEvent>, val id: String, val retry: Long)

private fun of(text: String, id: String = "") = read(listOf(text.toByteArray()), id)

private fun read(pieces: List<ByteArray>, id: String = "", most: Int = 1000, events: ArrayList<ServerEvent> = ArrayList()): Found {
    val parser = EventParser(most, id)
    for (piece in pieces) {
        parser.feed(piece)
        while (true) events.add(parser.next() ?: break)
    }
    return Found(events, parser.lastEventId, parser.retryMillis)
}

/** The standard's steps, on the whole text at once. */
private fun oracle(text: String): Found {
    val lines = text.removePrefix("\uFEFF").replace("\r\n", "\n").replace('\r', '\n').split('\n').dropLast(1)
    val events = ArrayList<ServerEvent>()
    var data = ""
    var type = ""
    var buffer = ""
    var id = ""
    var retry = -1L
    for (line in lines) {
        val name = line.substringBefore(':')
        val value = line.substringAfter(':', "").removePrefix(" ")
        when {
            line.isEmpty() -> {
                id = buffer
                if (data.isNotEmpty()) events.add(ServerEvent(type.ifEmpty { "message" }, data.removeSuffix("\n"), id))
                data = ""
                type = ""
            }
            name == "data" -> data += value + "\n"
            name == "event" -> type = value
            name == "id" -> if ('\u0000' !in value) buffer = value
            name == "retry" -> if (value.isNotEmpty() && value.all { it in '0'..'9' }) retry = value.toLongOrNull() ?: Long.MAX_VALUE
        }
    }
    return Found(events, id, retry)
}
