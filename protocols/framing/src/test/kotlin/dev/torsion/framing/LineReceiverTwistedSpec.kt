// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.testkit.StringTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs

/** The rules of Twisted's tests of `LineReceiver`; their names stand in those of ours. */
class LineReceiverTwistedSpec :
    StringSpec({
        fun text(bytes: ByteArray) = bytes.decodeToString()

        /** Does what the lines say; an empty line begins raw data of the length that was given before. */
        class Obedient(maxLength: Int = 64) : LineReceiver(LineFraming("\n".encodeToByteArray(), maxLength)) {
            val received = ArrayList<String>()
            val later = ArrayDeque<() -> Unit>()
            private var length = 0

            override fun lineReceived(line: ByteArray) {
                received.add(text(line))
                val said = text(line)
                when {
                    said == "" -> setRawMode()
                    said == "pause" -> pauseForATurn()
                    said == "rawpause" -> {
                        pauseForATurn()
                        setRawMode()
                        received.add("")
                    }
                    said == "stop" -> stopProducing()
                    said.startsWith("len ") -> length = said.drop(4).toInt()
                    said == "produce" -> transport.registerProducer(this, false)
                    said == "unproduce" -> transport.unregisterProducer()
                }
            }

            private fun pauseForATurn() {
                pauseProducing()
                later.addLast(::resumeProducing)
            }

            override fun rawDataReceived(data: ByteArray) {
                val mine = minOf(length, data.size)
                received[received.lastIndex] += text(data.copyOf(mine))
                length -= mine
                if (length == 0) setLineMode(data.copyOfRange(mine, data.size))
            }

            override fun lineLengthExceeded(line: ByteArray) {
                if (line.size > maxLength + 1) setLineMode(line.copyOfRange(maxLength + 1, line.size))
            }
        }

        fun StringTransport.receiveInPieces(bytes: String, size: Int) = bytes.chunked(size).forEach { receive(it) }

        "lines, raw data and an overlong line in turns, in pieces of every size (test_buffer)" {
            val overlong = "1234567890".repeat(7)
            val stream =
                "len 10\n\n0123456789len 5\n\n1234\nlen 20\nfoo 123\n\n0123456789\n012345678len 0\nfoo 5\n\n$overlong\nlen 1\n\na"
            val expected =
                listOf(
                    "len 10", "0123456789", "len 5", "1234\n", "len 20", "foo 123", "0123456789\n012345678", "len 0", "foo 5", "", "67890",
                    "len 1", "a",
                )
            for (size in 1..stream.length) {
                val lines = Obedient()
                StringTransport().connect(lines).receiveInPieces(stream, size)
                withClue("in pieces of $size") { lines.received shouldBe expected }
            }
        }

        "pausing between lines, in pieces of every size (test_pausing, test_rawPausing)" {
            val cases =
                mapOf(
                    "twiddle1\ntwiddle2\npause\ntwiddle3\n" to listOf("twiddle1", "twiddle2", "pause", "twiddle3"),
                    "twiddle1\ntwiddle2\nlen 5\nrawpause\n12345twiddle3\n" to
                        listOf("twiddle1", "twiddle2", "len 5", "rawpause", "12345", "twiddle3"),
                )
            for ((stream, expected) in cases) {
                for (size in 1..stream.length) {
                    val lines = Obedient()
                    val transport = StringTransport().connect(lines)
                    for (piece in stream.chunked(size)) {
                        transport.receive(piece)
                        lines.later.removeFirstOrNull()?.invoke()
                    }
                    withClue("in pieces of $size") { lines.received shouldBe expected }
                }
            }
        }

        "nothing after stopProducing (test_stopProducing)" {
            val stream = "twiddle1\ntwiddle2\nstop\nmore\nstuff\n"
            for (size in 1..stream.length) {
                val lines = Obedient()
                StringTransport().connect(lines).receiveInPieces(stream, size)
                withClue("in pieces of $size") { lines.received shouldBe listOf("twiddle1", "twiddle2", "stop") }
            }
        }

        "a line receiver is a producer (test_lineReceiverAsProducer)" {
            val lines = Obedient()
            val transport = StringTransport().connect(lines)
            transport.receive("hello world\nproduce\n")
            transport.producer shouldBeSameInstanceAs lines
            transport.receive("unproduce\ngoodbye\n")
            transport.producer shouldBe null
            lines.received shouldBe listOf("hello world", "produce", "unproduce", "goodbye")
        }

        "clearLineBuffer gives all that was not delivered, also from within a delivery (test_clearLineBuffer)" {
            for (pieces in listOf(listOf("foo\r\nbar\r\nbaz"), listOf("fo", "o\r\nbar\r\nbaz"))) {
                val got = ArrayList<String>()
                val receiver =
                    object : LineReceiver() {
                        override fun lineReceived(line: ByteArray) {
                            got.add(text(line))
                            got.add(text(clearLineBuffer()))
                        }
                    }
                val transport = StringTransport().connect(receiver)
                pieces.forEach(transport::receive)
                transport.receive("quux\r\n")
                got shouldBe listOf("foo", "bar\r\nbaz", "quux", "")
                transport.receive("half")
                text(receiver.clearLineBuffer()) shouldBe "half"
                transport.receive("new\r\n")
                got.takeLast(2) shouldBe listOf("new", "")
            }
        }

        "clearLineBuffer leaves the line at hand as it is" {
            val got = ArrayList<String>()
            val receiver =
                object : LineReceiver() {
                    override fun lineReceived(view: java.nio.ByteBuffer) {
                        got.add(text(clearLineBuffer()))
                        got.add(Charsets.UTF_8.decode(view).toString())
                    }
                }
            val transport = StringTransport().connect(receiver)
            transport.receive("be")
            transport.receive("gin\r\nrest")
            got shouldBe listOf("rest", "begin")
        }

        /** Remembers what it was told. */
        class Told(maxLength: Int) : LineReceiver(LineFraming(maxLength = maxLength)) {
            val lines = ArrayList<String>()
            val exceeded = ArrayList<String>()

            override fun lineReceived(line: ByteArray) {
                lines.add(text(line))
            }

            override fun lineLengthExceeded(line: ByteArray) {
                exceeded.add(text(line))
            }
        }

        "a line of the greatest length, also with a split delimiter (test_maximumLineLength, test_maximumLineLengthPartialDelimiter)" {
            for (split in 0..12) {
                val told = Told(10)
                val transport = StringTransport().connect(told)
                val line = "x".repeat(10) + "\r\n"
                transport.receive(line.take(split))
                transport.receive(line.drop(split))
                told.lines shouldBe listOf("x".repeat(10))
                told.exceeded shouldBe emptyList()
            }
        }

        "an unfinished line that is not too long yet waits (test_notQuiteMaximumLineLengthUnfinished)" {
            val told = Told(10)
            val transport = StringTransport().connect(told)
            transport.receive("x".repeat(11))
            told.exceeded shouldBe emptyList()
            transport.isDisconnecting shouldBe false
        }

        "an overlong line comes with all that is behind it (test_longLine, test_longLineWithDelimiter, test_multipleLongLines)" {
            for (rest in listOf("", "\r\n", "\r\nshort\r\n", "\r\n" + "y".repeat(30) + "\r\n")) {
                val told = Told(10)
                StringTransport().connect(told).receive("x".repeat(12) + rest)
                told.exceeded shouldBe listOf("x".repeat(12) + rest)
                told.lines shouldBe emptyList()
            }
        }

        "raw mode inside a partial line, and back: lines go on" {
            for (partial in 1..20) {
                val raw = StringBuilder()
                val lines = ArrayList<String>()
                val receiver =
                    object : LineReceiver() {
                        override fun lineReceived(line: ByteArray) {
                            lines.add(text(line))
                        }

                        override fun rawDataReceived(data: ByteArray) {
                            raw.append(text(data))
                            if (raw.endsWith("!")) setLineMode()
                        }
                    }
                val transport = StringTransport().connect(receiver)
                transport.receive("p".repeat(partial))
                receiver.setRawMode()
                transport.receive("raw!")
                transport.receive("a\r\n")
                raw.toString() shouldBe "p".repeat(partial) + "raw!"
                lines shouldBe listOf("a")
            }
        }

        "a shorter beginning of a line than the one before is looked at too" {
            val receiver = Obedient(maxLength = 10)
            val transport = StringTransport().connect(receiver)
            transport.receive("12345678")
            text(receiver.clearLineBuffer()) shouldBe "12345678"
            transport.receive("\n")
            receiver.received shouldBe listOf("")
        }

        "what raw data throws comes out of dataReceived, and nothing follows (test_rawDataError)" {
            val receiver =
                object : LineReceiver() {
                    override fun rawDataReceived(data: ByteArray): Unit = throw IllegalStateException("oops")
                }
            val transport = StringTransport().connect(receiver)
            receiver.setRawMode()
            shouldThrow<IllegalStateException> { transport.receive("data") }.message shouldBe "oops"
        }

        "what a delivery throws aborts the connection, also when it was resumed from elsewhere" {
            val receiver =
                object : LineReceiver() {
                    override fun lineReceived(line: ByteArray) {
                        if (text(line) == "bad") error("no") else pauseProducing()
                    }
                }
            val transport = StringTransport().connect(receiver)
            transport.receive("good\r\nbad\r\nmore\r\n")
            shouldThrow<IllegalStateException> { receiver.resumeProducing() }
            transport.abortCause!!.message shouldBe "no"

            val other =
                object : LineReceiver() {
                    override fun lineReceived(line: ByteArray) = error("in line mode")
                }
            val second = StringTransport().connect(other)
            other.setRawMode()
            shouldThrow<IllegalStateException> { other.setLineMode("line\r\n".encodeToByteArray()) }
            second.abortCause!!.message shouldBe "in line mode"
        }
    })
