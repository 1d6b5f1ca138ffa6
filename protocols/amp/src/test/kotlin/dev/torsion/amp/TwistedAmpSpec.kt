// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.ClosedBy
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testsupport.RealTwisted
import dev.torsion.testsupport.withRealReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Path
import java.time.OffsetDateTime
import java.time.ZoneOffset

/**
 * Real Twisted on the other side: as the server, and as the client. The programs are src/test/python/twisted_amp_server.py and
 * src/test/python/twisted_amp_client.py.
 */
class TwistedAmpSpec :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { RealTwisted.isHere })

        fun against(block: suspend (connect: suspend () -> AMP) -> Unit) = twisted.withServer("twisted_amp_server.py") { ports ->
            withRealReactor {
                val open = ArrayList<AMP>()
                block { connectAMP("tcp:127.0.0.1:${ports.getValue("amp")}", answering).also(open::add) }
                open.forEach(AMP::close)
            }
        }

        test("Twisted's server: values, errors, no answer") {
            against { connect ->
                val amp = connect()
                amp.ask(Sum, Sum.a(big(13)), Sum.b(big(81)))[Sum.total] shouldBe big(94)
                amp.ask(Divide, Divide.numerator(1), Divide.denominator(4))[Divide.result] shouldBe 0.25
                shouldThrow<ArithmeticException> { amp.ask(Divide, Divide.numerator(1), Divide.denominator(0)) }
                    .message shouldBe "division by zero"
                val back = amp.ask(Echo, *everything())
                back[Echo.integerBack] shouldBe BigInteger.TEN.pow(40).negate()
                back[Echo.bytesBack] shouldBe byteArrayOf(0, -1)
                back[Echo.unicodeBack] shouldBe "\u4f60"
                back[Echo.floatBack] shouldBe 1e16
                back[Echo.booleanBack] shouldBe true
                back[Echo.pathBack] shouldBe Path.of("/tmp/x")
                back[Echo.decimalBack] shouldBe BigDecimal("1.50E+7")
                back[Echo.datetimeBack] shouldBe OffsetDateTime.of(2024, 1, 2, 3, 4, 5, 6000, ZoneOffset.ofHoursMinutes(-1, -30))
                back[Echo.integersBack] shouldBe listOf(1L, -2L)
                back[Echo.rowsBack] shouldBe rows()
                back[Echo.leftOutBack].shouldBeNull()
                amp.ask(NoAnswer, NoAnswer.by(5))
                amp.ask(Count)[Count.count] shouldBe 5
                amp.ask(Nothings) shouldBe Values(Nothings.response, emptyArray())
                amp.ask(Ask, Ask.number(41))[Ask.answer] shouldBe big(42)
                val many = (0 until 500).map { amp.callRemote(Sum, Sum.a(big(it)), Sum.b(big(it))) }
                many.map { it.await()[Sum.total].toInt() } shouldBe (0 until 1000 step 2).toList()
                amp.callRemoteString("Sum", AmpBox.builder().put("a", "1").put("b", "2").build()).await().text("total") shouldBe "3"
            }
        }

        test("Twisted's server: unknown commands and answers that do not fit leave the connection, undeclared and fatal errors end it") {
            against { connect ->
                val amp = connect()
                shouldThrow<UnhandledCommandException> { amp.ask(NotThere) }
                shouldThrow<UnhandledCommandException> { amp.callRemoteString("NotThere", AmpBox.EMPTY).await() }
                shouldThrow<ProtocolViolationException> { amp.ask(Wrong) }
                amp.ask(Nothings)
                amp.isDisconnected shouldBe false
                for ((command, error) in listOf(
                    Explode to UnknownRemoteException::class,
                    Fatal to ForGood::class,
                    Unsendable to UnknownRemoteException::class,
                )) {
                    val other = connect()
                    val end = other.end()
                    error.isInstance(runCatching { other.ask(command) }.exceptionOrNull()) shouldBe true
                    end.await()
                }
                for (command in listOf(NotThereAndNoAnswer, ExplodeWithoutAnswer)) {
                    val other = connect()
                    val end = other.end()
                    other.ask(command)
                    end.await()
                }
                val lost = connect()
                shouldThrow<AmpConnectionLost> { lost.ask(Lose) }.reason.by shouldBe ClosedBy.PEER
                shouldThrow<AmpConnectionLost> { lost.ask(Nothings) }
            }
        }

        test("Twisted's server: the connection goes over to another protocol, or does not") {
            against { connect ->
                val amp = connect()
                val refused = Hearing()
                shouldThrow<ArithmeticException> {
                    amp.switchProtocol(ShoutSwitch, Factory { refused }, ShoutSwitch.greeting("no")).await()
                }
                amp.ask(Nothings)
                val hearing = Hearing()
                amp.switchProtocol(ShoutSwitch, Factory { hearing }, ShoutSwitch.greeting("yes")).await()
                hearing.heard.await() shouldBe "HELLO"
                shouldThrow<ProtocolSwitchedException> { amp.ask(Nothings) }
                refused.isConnected shouldBe false
            }
        }

        test("Twisted's client: every command, error and end of our server") {
            CapturedLogs.ofAllThreads().use { logs ->
                withRealReactor {
                    val port = listenTcp(0, Factory { Server() }, "127.0.0.1")
                    deferToThread { twisted.output("twisted_amp_client.py", "${port.port()}") }.await().trim() shouldBe "ok"
                }
                logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 2 // Explode, with and without an answer
                logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
            }
        }

        test("Twisted reads what we write, and writes the same") {
            val random = java.util.Random(7)
            val lines = ArrayList<String>()
            val expected = ArrayList<String>()
            for ((type, what, hex) in vectors().shuffled(random).take(600)) {
                lines.add("$type ${if (hex == ".") "" else hex}")
                expected.add("$what $hex")
            }
            repeat(800) {
                val number = Double.fromBits(random.nextLong())
                if (!number.isNaN()) {
                    val bytes = AmpTypes.FLOAT.encode(number)
                    lines.add("float ${bytes.toHexString()}")
                    expected.add("${describe("float", number)} ${bytes.toHexString()}")
                }
                val decimal = BigDecimal(BigInteger(random.nextInt(120), random), random.nextInt(80) - 40)
                lines.add("decimal ${AmpTypes.DECIMAL.encode(decimal).toHexString()}")
                expected.add("${describe("decimal", decimal)} ${AmpTypes.DECIMAL.encode(decimal).toHexString()}")
            }
            twisted.filtered("amp_vectors.py", lines, "read") shouldBe expected
        }
    })

private class Hearing : Protocol() {
    val heard = Deferred<String>()
    private var text = ""

    override fun connectionMade() = transport.write("hello".toByteArray())

    override fun dataReceived(data: ByteArray) {
        text += data.decodeToString()
        if (text.length == 5) heard.callback(text)
    }
}

private class Shout : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data.decodeToString().uppercase().toByteArray())
}

private class Server : AMP(answering) {
    var count = 0
}

/** The answers of both our sides. */
private val answering: Responders =
    Responders
        .builder()
        .on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }
        .on(Divide) {
            if (it[Divide.denominator] == 0L) throw ArithmeticException("/ by zero")
            valuesOf(Divide.result(it[Divide.numerator].toDouble() / it[Divide.denominator]))
        }.on(Echo) { Echo.back(it) }
        .on(NoAnswer) {
            (it.amp as Server).count += it[NoAnswer.by]
            Values.EMPTY
        }.on(Count) { valuesOf(Count.count((it.amp as Server).count)) }
        .on(Explode) { throw IllegalStateException("not declared") }
        .on(Fatal) { throw ForGood("for good") }
        .on(Unsendable) { valuesOf(Unsendable.number("\ud800")) }
        .onDeferred(Ask) { request ->
            val amp = request.amp
            amp.callRemote(Sum, Sum.a(big(request[Ask.number])), Sum.b(big(1))).addCallback { valuesOf(Ask.answer(it[Sum.total])) }
        }.onDeferred(Hang) { Deferred() }
        .onDeferred(Lose) {
            it.amp.transport.abortConnection()
            Deferred()
        }.on(Nothings) { Values.EMPTY }
        .onSwitch(ShoutSwitch) {
            if (it[ShoutSwitch.greeting] == "no") throw ArithmeticException("not with that greeting")
            Shout()
        }.build()

private fun big(number: Number) = BigInteger.valueOf(number.toLong())

private fun everything() = arrayOf(
    Echo.integer(
        BigInteger.TEN.pow(40).negate(),
    ),
    Echo.bytes(byteArrayOf(0, -1)), Echo.unicode("\u4f60"), Echo.float(1e16), Echo.boolean(true),
    Echo.path(Path.of("/tmp/x")), Echo.decimal(BigDecimal("1.50E+7")),
    Echo.datetime(OffsetDateTime.of(2024, 1, 2, 3, 4, 5, 6000, ZoneOffset.ofHoursMinutes(-1, -30))), Echo.integers(listOf(1, -2)),
    Echo.rows(rows()),
)

private fun rows() = listOf(
    valuesOf(Row.id(big(1)), Row.name("one"), Row.more(listOf())),
    valuesOf(Row.id(big(2)), Row.name(""), Row.flag(true), Row.more(listOf(big(3)))),
)

private fun AMP.end(): Deferred<Unit> = Deferred<Unit>().also { end -> onDisconnect { end.callback(Unit) } }
