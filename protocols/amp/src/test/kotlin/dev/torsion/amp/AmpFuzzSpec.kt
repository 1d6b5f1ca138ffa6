// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.net.ProtocolViolationException
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.math.BigInteger
import java.util.Random

/** Peers that send anything: each request is answered, or the connection ends for a reason; no call is left waiting. */
class AmpFuzzSpec :
    FunSpec({
        test("boxes that look right") {
            val random = Random(1)
            var answered = 0
            var ended = 0
            CapturedLogs.start().use { logs ->
                repeat(4_000) {
                    val one = Alone(responders(), AmpOptions.DEFAULT.withMaxRequests(3).withMaxRequestsWhileCalling(5))
                    val calls = List(random.nextInt(4)) { one.amp.callRemote(Count).outcome() }
                    one.transport.clear()
                    repeat(8) {
                        if (!one.transport.isDisconnecting && !one.transport.isReadingPaused) {
                            val box = message(random)
                            withClue(box) { one.transport.receive(box.encode()) }
                            answered += one.written().size
                            (one.amp.waitingRequests <= 5) shouldBe true
                        }
                    }
                    if (one.transport.isDisconnecting) ended++
                    one.transport.abortCause?.shouldBeInstanceOf<ProtocolViolationException>()
                    one.transport.lose()
                    check(calls.all { it() != null }) { "a call is left waiting" }
                }
                logs.unexpectedErrors().filter { it.throwable !is IllegalStateException }.shouldBeEmpty()
                logs.flushLoggedErrors(IllegalStateException::class.java)
            }
            answered shouldBeGreaterThan 2_000
            ended shouldBeGreaterThan 500
        }

        test("bytes that are nothing") {
            val random = Random(2)
            repeat(20_000) {
                val one = Alone(responders())
                val call = one.amp.callRemote(Count).outcome()
                val bytes = fuzzBytes(random)
                withClue(bytes.toHexString()) { one.transport.receive(bytes) }
                one.transport.abortCause?.shouldBeInstanceOf<ProtocolViolationException>()
                one.transport.lose()
                check(call() != null) { "a call is left waiting" }
            }
        }
    })

private fun responders() = Responders
    .builder()
    .on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }
    .on(Explode) { throw IllegalStateException("on purpose") }
    .on(Fatal) { throw ForGood("x") }
    .onDeferred(Hang) { Deferred() }
    .on(Nothings) { Values.EMPTY }
    .build()

private val NAMES = listOf("Sum", "Sum", "Nothing", "Hang", "Hang", "Explode", "Fatal", "No\u00ff", "")

private fun message(random: Random): AmpBox {
    val box = AmpBox.builder()

    fun any() = listOf("", "1", "2", "3", "x", "-0", "\u00e9")[random.nextInt(7)]
    when (random.nextInt(8)) {
        0 -> box.put("_answer", any()).put("count", any())
        1 -> box.put("_error", any()).put("_error_code", any()).put("_error_description", any())
        2 -> box.put(listOf("_error", "_ask", "a", "_error_code")[random.nextInt(4)], any())
        else -> {
            box.put("_command", NAMES[random.nextInt(NAMES.size)].toByteArray(Charsets.ISO_8859_1))
            if (random.nextInt(8) > 0) box.put("_ask", any())
            if (random.nextInt(5) > 0) box.put("a", "${BigInteger(40, random)}")
            if (random.nextInt(5) > 0) box.put("b", if (random.nextInt(5) > 0) "1" else any())
        }
    }
    return box.build()
}
