// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.testkit.CapturedLogs
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.util.UUID

/** Code of the user's that throws anything where AMP calls it: a call is told, no connection stalls, and no line of the log is forged. */
class AmpErrorsSpec :
    FunSpec({
        test("a call is told of an Error that its answer, or its declared error, is read with") {
            CapturedLogs.start().use { logs ->
                val decoding = Alone()
                val read = decoding.amp.callRemote(Thrower).outcome()
                runCatching { decoding.receive("_answer", "1", "text", "decode") }
                failure(read) shouldBeSameInstanceAs Thrower.error
                val making = Alone()
                val made = making.amp.callRemote(Thrower).outcome()
                runCatching { making.receive("_error", "1", "_error_code", "THROWS", "_error_description", "d") }
                failure(made) shouldBeSameInstanceAs Thrower.error
                logs.flushLoggedErrors(Throwable::class.java)
            }
        }

        test("a checked exception of a type or a maker is an error like others, and the connection goes on") {
            val client = Alone()
            val read = client.amp.callRemote(Thrower).outcome()
            val made = client.amp.callRemote(Thrower).outcome()
            client.receive("_answer", "1", "text", "checked")
            client.receive("_error", "2", "_error_code", "CHECKED", "_error_description", "d")
            failure(read).cause.shouldBeInstanceOf<java.io.IOException>()
            failure(made).shouldBeInstanceOf<UnknownRemoteException>().suppressed.single().shouldBeInstanceOf<java.io.IOException>()
            client.transport.isDisconnecting shouldBe false
        }

        test("an answer that throws an Error when it is written is UNKNOWN, is logged, and ends the connection") {
            for (isLater in listOf(false, true)) {
                val gate = Deferred<Values>()
                val answer = valuesOf(Thrower.text("encode"))
                val responders = Responders.builder().onDeferred(Hang) { gate }
                if (isLater) responders.onDeferred(Thrower) { gate } else responders.on(Thrower) { answer }
                val server = Alone(responders.build(), AmpOptions.DEFAULT.withMaxRequests(1))
                CapturedLogs.start().use { logs ->
                    val request = box("_command", "Thrower", "_ask", "1").encode()
                    server.transport.receive(if (isLater) request + box("_command", "Thrower", "_ask", "2").encode() else request)
                    if (isLater) {
                        server.transport.isReadingPaused shouldBe true
                        gate.callback(answer)
                    }
                    logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
                }
                server.written().first() shouldBe box("_error", "1", "_error_code", "UNKNOWN", "_error_description", "Unknown Error")
                server.transport.isDisconnecting shouldBe true
                server.amp.waitingRequests shouldBe 0
            }
        }

        test("a peer cannot forge a line of the log: not by a value, not by a declared error, not by what a maker or a responder quotes") {
            val client = Alone()
            val calls = (1..4).map { client.amp.callRemote(Quoter).outcome() }
            client.receive("_answer", "1", "path", "x\nFORGED\u0000")
            client.receive("_answer", "2", "uuid", "x\nFORGED" + "-".repeat(28))
            client.receive("_error", "3", "_error_code", "DECLARED", "_error_description", "x\nFORGED" + "y".repeat(9_000))
            client.receive("_error", "4", "_error_code", "MAKER", "_error_description", "x\nFORGED")
            for (call in calls) failure(call).stackTraceToString().lines().filter { it.startsWith("FORGED") }.shouldBeEmpty()
            failure(calls[2]).run {
                message!! shouldStartWith "x\\nFORGEDyyy"
                (message!!.length < 3_000) shouldBe true
                cause.shouldBeInstanceOf<UnknownRemoteException>().description shouldBe "x\nFORGED" + "y".repeat(9_000)
            }
            for (what in listOf("uuid", "path")) {
                val server = Alone(Responders.builder().on(Quoter) { throw IllegalStateException(it[Quoter.text]) }.build())
                CapturedLogs.start().use { logs ->
                    server.receive("_command", "Quoter", if (what == "uuid") "in" else "text", "x\nFORGED" + "-".repeat(28))
                    logs.messages().single().run {
                        this shouldContain "x\\nFORGED"
                        lines().size shouldBe 1
                    }
                }
            }
        }

        test("an error of 70,000 characters, in its code and in its description, is cut and answered") {
            val responders =
                Responders
                    .builder()
                    .on(Nothings) { throw RemoteAmpException("C".repeat(70_000), "ä".repeat(70_000)) }
                    .onBox("Later") { dev.torsion.defer.fail(RemoteAmpException("C".repeat(70_000), "x")) }
                    .build()
            for (name in listOf("Nothing", "Later")) {
                val server = Alone(responders)
                server.receive("_command", name, "_ask", "1")
                val error = server.written().single()
                error.text("_error") shouldBe "1"
                error["_error_code"]!!.size shouldBe 65_535
                server.transport.isDisconnecting shouldBe false
            }
        }

        test("what a responder throws is logged escaped and short: it may quote the peer") {
            val responders = Responders.builder().on(Nothings) {
                throw IllegalArgumentException("For \"x\nFORGED" + "-".repeat(5_000))
            }.build()
            CapturedLogs.start().use { logs ->
                Alone(responders).receive("_command", "Nothing", "_ask", "1")
                val logged = logs.flushLoggedErrors(Throwable::class.java).single().throwable.toString()
                logged shouldContain "x\\nFORGED"
                logged.lines().size shouldBe 1
                (logged.length < 1_000) shouldBe true
            }
        }
    })

/** Its types and its makers quote what comes. */
private object Quoter : Command("Quoter") {
    private object UuidType : AmpType<UUID>("UUID") {
        override fun encode(value: UUID) = value.toString().encodeToByteArray()

        override fun decode(bytes: ByteArray): UUID {
            require(bytes.size == 36) { "it has not 36 characters" }
            return UUID.fromString(bytes.decodeToString())
        }
    }

    val uuidIn = optionalArgument("in", UuidType)
    val text = optionalArgument("text", AmpTypes.UNICODE)
    val path = optionalResponse("path", AmpTypes.PATH)
    val uuid = optionalResponse("uuid", UuidType)

    init {
        error("DECLARED", IllegalStateException::class.java, ::IllegalStateException)
        error("MAKER", NumberFormatException::class.java) { throw NumberFormatException("no number: $it") }
    }
}

private fun failure(outcome: () -> Outcome<*>?): Throwable = (outcome() as Failure).value

/** A text asks it to throw something. */
private object Thrower : Command("Thrower") {
    val error = AssertionError("of the user's")

    private object Type : AmpType<String>("Text") {
        override fun encode(value: String): ByteArray = throw error

        override fun decode(bytes: ByteArray): String =
            throw (if (bytes.decodeToString() == "checked") java.io.IOException("checked") else error)
    }

    val text = response("text", Type)

    init {
        error("THROWS", ArithmeticException::class.java) { throw error }
        error("CHECKED", IllegalStateException::class.java) { throw java.io.IOException("checked") }
    }
}
