// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.UnhandledFailures
import dev.torsion.defer.await
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ProtocolViolationException
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.StringTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import java.math.BigInteger
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Calls, answers, errors and their limits, on both sides. */
class AmpCallsSpec :
    FunSpec({
        test("the bytes of a call, its answer and its error are Twisted's") {
            val client = Alone()
            val sum = client.amp.callRemote(Sum, Sum.a(big(13)), Sum.b(big(81))).outcome()
            client.transport.value().toHexString() shouldBe
                "00045f61736b00013100085f636f6d6d616e64000353756d00016100023133000162000238310000"
            client.transport.receive("00075f616e737765720001310005746f74616c000239340000".hexToByteArray())
            sum()!!.get()[Sum.total] shouldBe big(94)
            client.amp.callRemote(NoAnswer, NoAnswer.by(1)).outcome()()!!.get() shouldBe Values.EMPTY
            val divide = client.amp.callRemote(Divide, Divide.numerator(1), Divide.denominator(0)).outcome()
            client.written().last().text("_ask") shouldBe "3" // the number advances for calls without an answer too
            client.transport.receive(
                (
                    "00065f6572726f72000133000b5f6572726f725f636f6465000d5a45524f5f4449564953494f4e" +
                        "00125f6572726f725f6465736372697074696f6e00106469766973696f6e206279207a65726f0000"
                    ).hexToByteArray(),
            )
            (divide() as Failure).value.shouldBeInstanceOf<ArithmeticException>().run {
                message shouldBe "division by zero"
                cause.shouldBeInstanceOf<RemoteAmpException>().errorCode shouldBe "ZERO_DIVISION"
            }
            val server =
                Alone(Responders.builder().on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }.on(NoAnswer) { Values.EMPTY }.build())
            server.transport.receive("00045f61736b00013100085f636f6d6d616e64000353756d00016100023133000162000238310000".hexToByteArray())
            server.transport.value().toHexString() shouldBe "00075f616e737765720001310005746f74616c000239340000"
            server.transport.clear()
            server.receive("_command", "NoAnswer", "by", "2")
            server.transport.value().size shouldBe 0
        }

        test("answers as a value, a Deferred, a future and a suspend function, in any order, in both directions") {
            val late = CompletableFuture<Values>()
            val deferred = Deferred<Values>()
            val named = Responders.builder().on(Ask) { valuesOf(Ask.answer(big(it[Ask.number]))) }.build()
            val responders =
                Responders
                    .builder()
                    .addAll(named)
                    .onSuspend(Ask) { request ->
                        delay(1.seconds)
                        request.amp.ask(Sum, Sum.a(big(request[Ask.number])), Sum.b(big(1))).let { valuesOf(Ask.answer(it[Sum.total])) }
                    }.onDeferred(Count) { deferred }
                    .onFuture(Divide) { late }
                    .on(Nothings) { Values.EMPTY }
                    .build()
            scene(responders, Responders.builder().on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }.build()) {
                val first = scope.async { client.ask(Ask, Ask.number(1))[Ask.answer] }
                val second = client.callRemote(Count)
                val third = client.call(Divide, Divide.numerator(1), Divide.denominator(2))
                client.ask(Nothings)
                client.waitingCalls shouldBe 3
                server.waitingRequests shouldBe 3
                late.complete(valuesOf(Divide.result(0.5)))
                third.thenApply { it[Divide.result] }.let {
                    while (!it.isDone) client.ask(Nothings)
                    it.join()
                } shouldBe 0.5
                deferred.callback(valuesOf(Count.count(7)))
                second.await()[Count.count] shouldBe 7
                first.await() shouldBe big(2)
                client.waitingCalls shouldBe 0
                server.waitingRequests shouldBe 0
            }
        }

        test("errors: declared ones as what they are, the first that fits; others as UNKNOWN, logged, which ends the connection") {
            open class Base(message: String?) : Exception(message)

            class Narrow(message: String?) : Base(message)
            val failing =
                object : Command("Failing") {
                    val how = argument("how", AmpTypes.INT)

                    init {
                        error("BASE", Base::class.java, ::Base)
                        error("NARROW", Narrow::class.java, ::Narrow)
                        fatalError("FATAL", IllegalStateException::class.java) { IllegalStateException(it) }
                    }
                }
            val server = {
                Alone(
                    Responders
                        .builder()
                        .on(failing) {
                            when (it[failing.how]) {
                                0 -> throw Narrow("narrow")
                                1 -> throw Base(null)
                                2 -> throw IllegalStateException("x".repeat(9_000) + "\u4f60")
                                3 -> throw RemoteAmpException("OWN", "my own")
                                4 -> throw UnhandledCommandException("of another")
                                5 -> throw java.io.IOException("secret")
                                6 -> throw StackOverflowError()
                                else -> throw Hostile()
                            }
                        }.build(),
                )
            }

            fun answer(how: Int): Pair<AmpBox, Boolean> {
                val alone = server()
                alone.receive("_command", "Failing", "_ask", "x", "how", "$how")
                return alone.written().single() to alone.transport.isDisconnecting
            }
            answer(0) shouldBe (box("_error", "x", "_error_code", "BASE", "_error_description", "narrow") to false)
            answer(1) shouldBe (box("_error", "x", "_error_code", "BASE", "_error_description", "") to false)
            answer(2).run {
                first.text("_error_code") shouldBe "FATAL"
                first.text("_error_description")!! shouldStartWith "xxx"
                second shouldBe true
            }
            answer(3) shouldBe (box("_error", "x", "_error_code", "OWN", "_error_description", "my own") to false)
            CapturedLogs.start().use { logs ->
                for (how in 4..7) {
                    answer(how) shouldBe (box("_error", "x", "_error_code", "UNKNOWN", "_error_description", "Unknown Error") to true)
                }
                logs.flushLoggedErrors(Throwable::class.java).size shouldBe 4
            }
        }

        test("an error's code that the command has not declared, and a maker that throws, are an UnknownRemoteException") {
            val broken =
                object : Command("Broken") {
                    init {
                        error("BROKEN", ArithmeticException::class.java) { throw IllegalStateException("of the maker") }
                    }
                }
            val client = Alone()
            val undeclared = client.amp.callRemote(Sum, Sum.a(big(1)), Sum.b(big(1))).outcome()
            val maker = client.amp.callRemote(broken).outcome()
            client.receive("_error", "1", "_error_code", "X\u00e9\n", "_error_description", "new\nline")
            client.receive("_error", "2", "_error_code", "BROKEN", "_error_description", "d")
            (undeclared() as Failure).value.shouldBeInstanceOf<UnknownRemoteException>().run {
                description shouldBe "new\nline"
                message!! shouldContain "new\\nline"
            }
            (maker() as Failure).value.shouldBeInstanceOf<UnknownRemoteException>().suppressed.single().message shouldBe "of the maker"
            client.transport.isDisconnecting shouldBe false
        }

        test("values that do not fit are refused before a byte goes out") {
            val client = Alone()

            fun refused(command: Command, vararg values: ArgumentValue): Throwable =
                (client.amp.callRemote(command, *values).outcome()() as Failure).value
            refused(Sum, Sum.a(big(1))).shouldBeInstanceOf<InvalidSignatureException>().message shouldBe
                "b of the arguments of Sum is missing."
            refused(Sum, Sum.a(big(1)), Sum.a(big(1)), Sum.b(big(1))).shouldBeInstanceOf<InvalidSignatureException>()
            refused(Sum, Sum.a(big(1)), Sum.b(big(1)), Ask.number(1)).shouldBeInstanceOf<InvalidSignatureException>()
            refused(Sum, Sum.a(BigInteger.TEN.pow(5000)), Sum.b(big(1))).shouldBeInstanceOf<InvalidSignatureException>()
            refused(ShoutSwitch, ShoutSwitch.greeting("x")).shouldBeInstanceOf<InvalidSignatureException>()
            val text = object : Command("Text") {
                val text = argument("text", AmpTypes.UNICODE)
            }
            refused(text, text.text("x".repeat(65_536))).shouldBeInstanceOf<TooLongException>().key shouldBe "text"
            val strange = object : Command("Strange") {
                val of = argument(
                    "of",
                    object : AmpType<String>("Strange") {
                        override fun encode(value: String): ByteArray = throw UnsupportedOperationException("not today")

                        override fun decode(bytes: ByteArray): String = throw UnsupportedOperationException("nor that")
                    },
                )
            }
            refused(strange, strange.of("x")).shouldBeInstanceOf<InvalidSignatureException>().message!! shouldContain "not today"
            (
                client.amp.callRemoteString(
                    "X",
                    box("_ask", "9"),
                ).outcome()() as Failure
                ).value.shouldBeInstanceOf<InvalidSignatureException>()
            (
                client.amp.callRemoteString(
                    "X\u0100",
                    box("a", "9"),
                ).outcome()() as Failure
                ).value.shouldBeInstanceOf<InvalidSignatureException>()
            shouldThrow<InvalidSignatureException> { Values.of(Sum.a(big(1)), Ask.number(1)) }
            client.transport.value().size shouldBe 0
            client.amp.waitingCalls shouldBe 0
        }

        test("commands are declared once, and whole") {
            shouldThrow<IllegalArgumentException> { object : Command("") {} }
            shouldThrow<IllegalArgumentException> { object : Command("\u4f60") {} }
            shouldThrow<IllegalArgumentException> {
                object : Command("X") {
                    val a = listOf(argument("a", AmpTypes.INT), argument("a", AmpTypes.INT))
                }
            }
            shouldThrow<IllegalArgumentException> {
                object : Command("X") {
                    val a = argument("_ask", AmpTypes.INT)
                }
            }
            shouldThrow<IllegalArgumentException> {
                object : Command("X") {
                    val a = argument("a".repeat(256), AmpTypes.INT)
                }
            }
            val late = object : Command("X") {
                fun add() = argument("late", AmpTypes.INT)
            }
            Alone().amp.callRemote(late)
            shouldThrow<IllegalStateException> { late.add() }
            shouldThrow<IllegalArgumentException> { Responders.builder().on(Sum) { Values.EMPTY }.on(Sum) { Values.EMPTY } }
            shouldThrow<IllegalArgumentException> { valuesOf(Sum.a(big(1)))[Ask.number] }
        }

        test("a peer's arguments that do not fit are UNKNOWN and end the connection; the log says why") {
            for (pairs in listOf(arrayOf("a", "1"), arrayOf("a", "1", "b", "x"))) {
                val server = Alone(Responders.builder().on(Sum) { error("must not run") }.build())
                CapturedLogs.start().use { logs ->
                    server.receive("_command", "Sum", "_ask", "1", *pairs)
                    logs.messages().single() shouldContain "b of the arguments of Sum"
                }
                server.written().single().text("_error_code") shouldBe "UNKNOWN"
                server.transport.isDisconnecting shouldBe true
            }
        }

        test("an answer that cannot be sent fails the caller with UNKNOWN, is logged, and ends the connection") {
            val answers =
                listOf<(AmpRequest) -> Values>(
                    { Values.EMPTY },
                    { valuesOf(Ask.answer(big(1))) },
                    { valuesOf(Unsendable.number("x".repeat(65_536))) },
                )
            for (answer in answers) {
                val server = Alone(Responders.builder().on(Unsendable, answer).build())
                CapturedLogs.start().use { logs ->
                    server.receive("_command", "Unsendable", "_ask", "1")
                    logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
                }
                server.written().single().text("_error_code") shouldBe "UNKNOWN"
                server.transport.isDisconnecting shouldBe true
            }
        }

        test("a description is cut to what a value may have, between two characters") {
            val long =
                object : Command("Long") {
                    init {
                        error("LONG", ArithmeticException::class.java, ::ArithmeticException)
                    }
                }
            val server = Alone(Responders.builder().on(long) { throw ArithmeticException("\u4f60".repeat(9_999)) }.build())
            server.receive("_command", "Long", "_ask", "1")
            server.written().single().text("_error_description") shouldBe "\u4f60".repeat(9_999)
            val other = Alone(Responders.builder().onBox("X") { fail(RemoteAmpException("C", "a" + "\u4f60".repeat(30_000))) }.build())
            other.receive("_command", "X", "_ask", "1")
            other.written().single()["_error_description"]!!.decodeToString() shouldBe "a" + "\u4f60".repeat(21_844)
        }

        test("who wants no answer gets none; what fails without one ends the connection, as in Twisted") {
            val gate = Deferred<Values>()
            val responders =
                Responders
                    .builder()
                    .on(NoAnswer) { Values.EMPTY }
                    .on(Sum) { valuesOf(Sum.total(big(1))) }
                    .on(Divide) { throw ArithmeticException("declared") }
                    .onDeferred(Hang) { gate }
                    .build()
            val server = Alone(responders)
            server.receive("_command", "NoAnswer", "by", "1")
            server.receive("_command", "Sum", "a", "1", "b", "1")
            server.receive("_command", "Hang")
            server.amp.waitingRequests shouldBe 1
            gate.callback(Values.EMPTY)
            server.amp.waitingRequests shouldBe 0
            server.transport.isDisconnecting shouldBe false
            for (command in listOf(arrayOf("_command", "NotThere"), arrayOf("_command", "Divide", "numerator", "1", "denominator", "0"))) {
                val failing = Alone(responders)
                failing.receive(*command)
                failing.transport.isDisconnecting shouldBe true
                failing.written().shouldBeEmpty()
            }
        }

        test("an unknown command is UNHANDLED and the connection goes on; its name is escaped and cut") {
            val server = Alone()
            server.receive("_command", "No\n" + "x".repeat(60_000), "_ask", "1")
            server.written().single().run {
                text("_error_code") shouldBe "UNHANDLED"
                text("_error_description")!! shouldStartWith "Unhandled Command: b'No\\nxxx"
                this["_error_description"]!!.size shouldBe text("_error_description")!!.length
                (this["_error_description"]!!.size < 200) shouldBe true
            }
            server.transport.isDisconnecting shouldBe false
        }

        test("boxes that are nothing, and answers that nobody has asked for, are violations") {
            val bad =
                listOf(
                    box(
                        "a",
                        "1",
                    ),
                    box("_ask", "1"), AmpBox.EMPTY, box("_answer", "9"), box("_answer", "01"), box("_answer", ""), box("_answer", "-1"),
                    box(
                        "_answer",
                        "fffffffffffffffff",
                    ),
                    box(
                        "_error",
                        "1",
                    ),
                    box("_error", "1", "_error_code", "X"), box("_error", "9", "_error_code", "X", "_error_description", ""),
                )
            for (box in bad) {
                withClue(box) {
                    val client = Alone()
                    val waiting = client.amp.callRemote(Nothings).outcome()
                    client.transport.receive(box.encode())
                    client.transport.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
                    waiting().shouldBeNull()
                    client.transport.lose()
                    (waiting() as Failure).value.shouldBeInstanceOf<AmpConnectionLost>()
                }
            }
        }

        test("an answer that comes twice is a violation (trac 5323)") {
            val client = Alone()
            client.amp.callRemote(Nothings)
            client.receive("_answer", "1")
            client.transport.isDisconnecting shouldBe false
            client.receive("_answer", "1")
            client.transport.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
        }

        test("a failed call that nobody handles is reported, and the connection goes on (trac 7055)") {
            val heard = ArrayList<Throwable>()
            val client = Alone()
            UnhandledFailures.addListener { heard.add(it.failure.value) }.use {
                UnhandledFailures.beginTurn()
                client.amp.callRemote(Nothings)
                client.receive("_error", "1", "_error_code", "X", "_error_description", "nobody cares")
                UnhandledFailures.endTurn()
            }
            heard.single().shouldBeInstanceOf<UnknownRemoteException>().description shouldBe "nobody cares"
            client.transport.isDisconnecting shouldBe false
        }

        test("an answer that does not fit fails its call only") {
            val client = Alone()
            val missing = client.amp.callRemote(Count).outcome()
            val other = client.amp.callRemote(Count).outcome()
            client.receive("_answer", "1")
            client.receive("_answer", "2", "count", "x")
            (missing() as Failure).value.shouldBeInstanceOf<ProtocolViolationException>().message!! shouldContain
                "count of the response of Count is missing"
            (other() as Failure).value.shouldBeInstanceOf<ProtocolViolationException>()
            client.transport.isDisconnecting shouldBe false
        }

        test("what comes behind the end is nobody's") {
            var ran = 0
            val server = Alone(Responders.builder().on(Fatal) { throw ForGood("x") }.on(Nothings) { Values.EMPTY.also { ran++ } }.build())
            val both = box("_command", "Fatal", "_ask", "1").encode() + box("_command", "Nothing", "_ask", "2").encode()
            server.transport.receive(both)
            server.written().single().text("_error") shouldBe "1"
            ran shouldBe 0
        }

        test("when the connection ends each call fails at once, in order, and calls that are made then are refused") {
            val client = Alone()
            val said = ArrayList<String>()
            repeat(3) { i ->
                client.amp.callRemote(Nothings).addBoth { outcome ->
                    said.add("$i ${(outcome as Failure).value.javaClass.simpleName}")
                    client.amp.callRemote(Nothings).addErrback {
                        Values.EMPTY.also { _ -> said.add("$i again ${it.value.javaClass.simpleName}") }
                    }
                    client.amp.callRemote(NoAnswer, NoAnswer.by(1)).addErrback { Values.EMPTY.also { said.add("$i once more") } }
                    if (i == 1) throw IllegalStateException("of a callback") // stops nobody
                }.addErrback { }
            }
            client.amp.onDisconnect { said.add("told") }
            client.amp.onDisconnect { error("of a listener") }
            client.amp.onDisconnect { said.add("told too") }
            client.transport.clear()
            CapturedLogs.start().use { logs ->
                client.transport.lose(ConnectionDone(ClosedBy.PEER))
                logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 1
            }
            said shouldBe
                (0..2).flatMap { listOf("$it AmpConnectionLost", "$it again AmpConnectionLost", "$it once more") } +
                listOf("told", "told too")
            client.transport.value().size shouldBe 0
            client.amp.isDisconnected shouldBe true
            client.amp.onDisconnect { said.add("late") }
            said.last() shouldBe "late"
        }

        test("who waits for the end can take that back, each for himself, and while others are told") {
            val client = Alone()
            val said = ArrayList<String>()
            val twice = Runnable { said.add("twice") }
            client.amp.onDisconnect(twice)
            client.amp.onDisconnect(twice).close()
            lateinit var last: AutoCloseable
            client.amp.onDisconnect { last.close() }
            last = client.amp.onDisconnect { said.add("not told") }
            client.transport.lose(ConnectionDone(ClosedBy.PEER))
            last.close()
            said shouldBe listOf("twice")
        }

        test("a cancelled call is cancelled at once; its answer, its error or the end of the connection is nobody's") {
            val client = Alone()
            val outcomes =
                (1..3).map {
                    val call = client.amp.callRemote(Count)
                    val outcome = call.outcome()
                    call.cancel()
                    outcome
                }
            for (outcome in outcomes) (outcome() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            client.amp.waitingCalls shouldBe 3 // the other side works on them
            client.receive("_answer", "1", "count", "1")
            client.receive("_error", "2", "_error_code", "X", "_error_description", "")
            client.amp.waitingCalls shouldBe 1
            client.transport.lose()
        }

        test("a call is cancelled before it is answered, while it is answered, and after") {
            scene(Responders.builder().onDeferred(Count) { succeed(valuesOf(Count.count(1))) }.build()) {
                val future = client.call(Count)
                future.cancel(false) shouldBe true
                val job = scope.async { client.ask(Count) }
                delay(1.milliseconds)
                job.cancelAndJoin()
                val stage = client.call(Count).thenApply { it[Count.count] }
                stage.cancel(true)
                client.ask(Count)[Count.count] shouldBe 1
                client.waitingCalls shouldBe 0
                val done = client.call(Count)
                client.ask(Count)
                done.cancel(false) shouldBe false
                done.join()[Count.count] shouldBe 1
            }
        }

        test("more calls than may wait are refused; answers make room, cancelling does not") {
            val client = Alone(options = AmpOptions.DEFAULT.withMaxCalls(2))
            val first = client.amp.callRemote(Nothings)
            client.amp.callRemote(Nothings)
            first.addErrback { Values.EMPTY }
            first.cancel()
            (client.amp.callRemote(Nothings).outcome()() as Failure).value.shouldBeInstanceOf<TooManyCallsException>()
            client.amp.callRemote(NoAnswer, NoAnswer.by(1)).outcome()()!!.isSuccess shouldBe true
            client.receive("_answer", "1")
            client.amp.callRemote(Nothings).called shouldBe false
        }

        test("a responder that is a coroutine ends with the connection, and nothing is logged of it") {
            var ended: Throwable? = null
            CapturedLogs.start().use { logs ->
                scene(
                    Responders
                        .builder()
                        .onSuspend(Hang) {
                            try {
                                awaitCancellation()
                            } catch (e: CancellationException) {
                                ended = e
                                throw e
                            }
                        }.build(),
                ) {
                    val call = client.callRemote(Hang).outcome()
                    while (server.waitingRequests == 0) delay(1.milliseconds)
                    client.close()
                    while (ended == null || call() == null) delay(1.milliseconds)
                    (call() as Failure).value.shouldBeInstanceOf<AmpConnectionLost>().reason.shouldBeInstanceOf<ConnectionDone>()
                }
                logs.unexpectedErrors().shouldBeEmpty()
            }
        }

        test("a coroutine that fails is an error of its command, and does not abort the connection before the answer is out") {
            scene(
                Responders.builder().onSuspend(Divide) {
                    delay(1.seconds)
                    throw ArithmeticException("later")
                }.build(),
            ) {
                shouldThrow<ArithmeticException> { client.ask(Divide, Divide.numerator(1), Divide.denominator(0)) }.message shouldBe "later"
                shouldThrow<ArithmeticException> { client.ask(Divide, Divide.numerator(1), Divide.denominator(0)) }
                client.isDisconnected shouldBe false
            }
        }

        test("boxes as they are, asked and answered") {
            val responders = Responders.builder().onBox("Raw") {
                succeed(box("got", it.text("x")!!))
            }.onBox("Bad") { succeed(box("_answer", "1")) }.build()
            scene(responders) {
                client.callRemoteString("Raw", box("x", "y")).await() shouldBe box("_answer", "1", "got", "y")
                client.callRemoteString("Raw", box("x", "y"), requiresAnswer = false).await() shouldBe AmpBox.EMPTY
                shouldThrow<UnhandledCommandException> { client.callRemoteString("No", AmpBox.EMPTY).await() }
                CapturedLogs.start().use { logs ->
                    shouldThrow<RemoteAmpException> { client.callRemoteString("Bad", AmpBox.EMPTY).await() }.errorCode shouldBe "UNKNOWN"
                    logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
                }
            }
        }

        test("the peer is to send within a box, and may be silent between two") {
            val amp = AMP()
            val transport = StringTransport().connect(amp)
            amp.expectsBytes() shouldBe false
            transport.receive(byteArrayOf(0, 4, 'k'.code.toByte()))
            amp.expectsBytes() shouldBe true
        }

        test("nothing can be asked before there is a connection") {
            val amp = AMP()
            shouldThrow<IllegalStateException> { amp.callRemote(Nothings) }
            shouldThrow<IllegalStateException> { amp.call(Nothings) }
            amp.close()
            StringTransport().connect(amp)
            amp.callRemote(Nothings).called shouldBe false
        }
    })

/** An exception that cannot be described. */
private class Hostile : RuntimeException() {
    override val message: String get() = throw IllegalStateException("of the message")

    override fun toString(): String = throw IllegalStateException("of the text")
}

private fun big(number: Number) = BigInteger.valueOf(number.toLong())
