// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ProtocolViolationException
import dev.torsion.testkit.StringTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

/** The callback classes, one by one and against the framings that they are shells of. */
class ReceiversSpec :
    StringSpec({
        val text: (ByteArray) -> String = { it.decodeToString() }

        class Lines(framing: LineFraming = LineFraming(), val onLine: Lines.(String) -> Unit = {}) : LineReceiver(framing) {
            val got = ArrayList<String>()
            val raw = StringBuilder()
            var rawHandler: Lines.(ByteArray) -> Unit = {}
            var lostFor: CloseReason? = null

            override fun lineReceived(line: ByteArray) {
                got.add(text(line))
                onLine(text(line))
            }

            override fun rawDataReceived(data: ByteArray) {
                raw.append(text(data))
                rawHandler(data)
            }

            override fun connectionLost(reason: CloseReason) {
                lostFor = reason
            }
        }

        class Strings(val onString: Strings.(String) -> Unit = {}) : Int16StringReceiver(maxLength = 20) {
            val got = ArrayList<String>()
            var violated: ProtocolViolationException? = null

            override fun stringReceived(string: ByteArray) {
                got.add(text(string))
                onString(text(string))
            }

            override fun protocolViolated(violation: ProtocolViolationException) {
                violated = violation
                super.protocolViolated(violation)
            }
        }

        fun int16(vararg strings: String) = IntPrefixFraming(2).encoded(*strings.map { it.encodeToByteArray() }.toTypedArray())

        "each receiver delivers what its framing does, however the bytes are cut" {
            val payloads = listOf("one", "", "x".repeat(20))

            fun collect(make: (MutableList<String>) -> FrameReceiver) {
                for (size in listOf(1, 2, 7, 1000)) {
                    val got = ArrayList<String>()
                    val receiver = make(got)
                    val framing = receiver.framing
                    val transport = StringTransport().connect(receiver)
                    val stream = framing.encoded(*payloads.map { it.encodeToByteArray() }.toTypedArray())
                    stream.asList().chunked(size).forEach { transport.receive(it.toByteArray()) }
                    withClue("$framing in pieces of $size") {
                        got shouldBe payloads
                        transport.value().toHexString() shouldBe stream.toHexString()
                    }
                }
            }
            collect { got ->
                object : LineOnlyReceiver() {
                    override fun lineReceived(line: ByteArray) = sendLine(line).also { got.add(text(line)) }
                }
            }
            collect { got ->
                object : LineReceiver(LineFraming("|".encodeToByteArray())) {
                    override fun lineReceived(line: ByteArray) = sendLine(text(line)).also { got.add(text(line)) }
                }
            }
            collect { got ->
                object : Int8StringReceiver() {
                    override fun stringReceived(string: ByteArray) = sendString(string).also { got.add(text(string)) }
                }
            }
            collect { got ->
                object : Int16StringReceiver() {
                    override fun stringReceived(string: ByteArray) = sendString(string).also { got.add(text(string)) }
                }
            }
            collect { got ->
                object : Int32StringReceiver() {
                    override fun stringReceived(string: ByteArray) = sendString(string).also { got.add(text(string)) }
                }
            }
            collect { got ->
                object : NetstringReceiver() {
                    override fun stringReceived(string: ByteArray) = sendString(string).also { got.add(text(string)) }
                }
            }
        }

        "a header receiver" {
            val receiver =
                object : HeaderReceiver(HeaderFraming(Struct("iii"), lengthField = 1)) {
                    override fun messageReceived(header: StructValues, body: ByteArray) =
                        sendMessage(StructValues.of(header.int(0), 0, header.int(2) + 900), body + body)
                }
            val transport = StringTransport().connect(receiver)
            (Struct("iii").pack(1, 2, 101) + "ab".encodeToByteArray()).oneByOne().forEach(transport::receive)
            transport.value().toHexString() shouldBe (Struct("iii").pack(1, 4, 1001) + "abab".encodeToByteArray()).toHexString()
        }

        "raw mode and back, with what was left" {
            var left = 5
            val lines = Lines { if (it == "raw") setRawMode() }
            lines.rawHandler = { data ->
                val mine = minOf(left, data.size)
                left -= mine
                if (left == 0) setLineMode(data.copyOfRange(mine, data.size))
            }
            val transport = StringTransport().connect(lines)
            transport.receive("first\r\nraw\r\nabc")
            transport.receive("defoo\r\nbar\r\n")
            lines.got shouldBe listOf("first", "raw", "foo", "bar")
            lines.raw.startsWith("abcde") shouldBe true
            lines.isRawMode shouldBe false
        }

        "behaviour 37: thousands of changes of mode in one read take no stack, and not the square of the time (test_stackRecursion)" {
            val times = 20_000
            val lines = Lines { if (it == "raw") setRawMode() }
            lines.rawHandler = { data ->
                data[0] shouldBe '!'.code.toByte()
                setLineMode(data.copyOfRange(1, data.size))
            }
            StringTransport().connect(lines).receive("raw\r\n!line\r\n".repeat(times) + "end\r\n")
            lines.got.size shouldBe 2 * times + 1
            lines.got.last() shouldBe "end"
        }

        "a thousand frames fed within each other take no stack" {
            val lines =
                Lines { line ->
                    val n = line.toInt()
                    if (n > 0) dataReceived("${n - 1}\r\n".encodeToByteArray())
                }
            StringTransport().connect(lines).receive("20000\r\n")
            lines.got.size shouldBe 20_001
        }

        "nothing is delivered after loseConnection, or after abortConnection" {
            for (end in listOf<Strings.() -> Unit>({ transport.loseConnection() }, { transport.abortConnection() })) {
                val strings = Strings { end() }
                StringTransport().connect(strings).receive(int16("one", "two", "three"))
                strings.got shouldBe listOf("one")
            }
        }

        "pausing and resuming within a delivery delivers nothing twice" {
            val strings =
                Strings {
                    pauseProducing()
                    resumeProducing()
                }
            val transport = StringTransport().connect(strings)
            transport.receive(int16("one", "two") + int16("three").copyOf(3))
            transport.receive(int16("three").drop(3).toByteArray())
            strings.got shouldBe listOf("one", "two", "three")
        }

        "paused, a receiver delivers nothing and the transport reads nothing" {
            val lines = Lines { if (it == "stop") pauseProducing() }
            val transport = StringTransport().connect(lines)
            transport.receive("one\r\nstop\r\ntwo\r\nstop\r\nthree\r\n")
            lines.got shouldBe listOf("one", "stop")
            transport.isReadingPaused shouldBe true
            lines.resumeProducing()
            lines.got shouldBe listOf("one", "stop", "two", "stop")
            transport.isReadingPaused shouldBe true
            lines.resumeProducing()
            lines.got.last() shouldBe "three"
            transport.isReadingPaused shouldBe false
        }

        "behaviour 38: a string over the limit that is all there is not delivered, and aborts (test_longStringNotDelivered)" {
            val strings = Strings()
            val transport = StringTransport().connect(strings)
            transport.receive(int16("ok", "x".repeat(21), "never"))
            strings.got shouldBe listOf("ok")
            transport.isAborted shouldBe true
            transport.abortCause.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 20
        }

        "a line over the limit: the default aborts" {
            val lines = Lines(LineFraming(maxLength = 4))
            val transport = StringTransport().connect(lines)
            transport.receive("fine\r\n" + "x".repeat(6))
            transport.lose()
            val reason = lines.lostFor.shouldBeInstanceOf<ConnectionAborted>()
            reason.cause.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 4
        }

        "a line over the limit: an own answer, and lines go on" {
            val exceeded = ArrayList<String>()
            val receiver =
                object : LineReceiver(LineFraming(maxLength = 4)) {
                    override fun lineReceived(line: ByteArray) = sendLine(line)

                    override fun lineLengthExceeded(line: ByteArray) {
                        exceeded.add(text(line))
                        sendLine("long")
                    }
                }
            val transport = StringTransport().connect(receiver)
            transport.receive("abcde\r\nrest\r\n")
            transport.receive("next\r\n")
            exceeded shouldBe listOf("abcde\r\nrest\r\n")
            transport.text() shouldBe "long\r\nnext\r\n"
        }

        "a netstring that is none aborts" {
            val receiver = object : NetstringReceiver() {}
            val transport = StringTransport().connect(receiver)
            transport.receive("05:hello,")
            transport.abortCause.shouldBeInstanceOf<MalformedFrameException>()
        }

        "an end inside a string is told before connectionLost; our own close inside one is none" {
            val strings = Strings()
            val transport = StringTransport().connect(strings)
            transport.receive(int16("one", "two").dropLast(1).toByteArray())
            transport.lose(ConnectionDone(ClosedBy.PEER))
            strings.violated.shouldBeInstanceOf<TruncatedFrameException>().bytes shouldBe 4
            val ours = Strings()
            StringTransport().connect(ours).apply { receive(int16("one").copyOf(3)) }.lose(ConnectionDone(ClosedBy.US))
            ours.violated shouldBe null
        }

        "what is too long to send is refused" {
            val strings = Strings()
            val transport = StringTransport().connect(strings)
            shouldThrow<StringTooLongException> { strings.sendString(ByteArray(21)) }.limit shouldBe 20
            transport.value().size shouldBe 0
        }
    })
