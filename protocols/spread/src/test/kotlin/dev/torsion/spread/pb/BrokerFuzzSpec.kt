// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaDialect
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaEncoder
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.fuzzBytes
import dev.torsion.testkit.CapturedLogs
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.Random

/** Peers that send anything: each message is answered, or ends the connection as a violation; nothing else happens. */
class BrokerFuzzSpec :
    FunSpec({
        test("the peer is to send until a dialect is agreed on, and within an element") {
            val (transport, broker) = serverSide(root(), PBOptions())
            broker.expectsBytes() shouldBe true
            transport.agree()
            broker.expectsBytes() shouldBe false
            transport.receive(byteArrayOf(5))
            broker.expectsBytes() shouldBe true
        }

        test("messages that look right") {
            val random = Random(1)
            var answered = 0
            var aborted = 0
            CapturedLogs.start().use { logs ->
                repeat(4_000) {
                    val (transport, broker) = serverSide(root(), PBOptions(maxReferences = 20))
                    transport.agree()
                    repeat(10) {
                        if (!transport.isDisconnecting) {
                            transport.receive(BananaEncoder().encode(message(random), BananaDialect.PB))
                            if (transport.value().isNotEmpty()) answered++
                            transport.clear()
                            check(broker.localObjectCount <= 20) { "${broker.localObjectCount} objects are held" }
                        }
                    }
                    if (transport.isAborted) aborted++
                    transport.abortCause?.shouldBeInstanceOf<ProtocolViolationException>()
                    transport.lose()
                }
                check(logs.unexpectedErrors().isEmpty()) { "${logs.unexpectedErrors()}" }
            }
            answered shouldBeGreaterThan 1_000
            aborted shouldBeGreaterThan 500
        }

        test("bytes that are nothing") {
            val random = Random(2)
            repeat(10_000) {
                val (transport, _) = serverSide(root())
                if (random.nextBoolean()) transport.agree()
                transport.receive(fuzzBytes(random))
                if (!transport.isDisconnecting) transport.receive(fuzzBytes(random))
                transport.abortCause?.shouldBeInstanceOf<ProtocolViolationException>()
                transport.lose()
            }
        }

        test("a server that sends anything") {
            val random = Random(3)
            repeat(4_000) {
                val factory = PBClientFactory(NO_TIMEOUT)
                val broker = factory.buildProtocol(ADDRESS) as Broker
                val transport = dev.torsion.testkit.StringTransport().connect(broker)
                transport.receive(dev.torsion.spread.banana.bytes("02800282706204826e6f6e65"))
                val outcomes = List(3) { broker.remoteForName("root").callRemote("x", RemoteMethods.create().referenceable()).outcome() }
                repeat(5) { if (!transport.isDisconnecting) transport.receive(BananaEncoder().encode(message(random), BananaDialect.PB)) }
                transport.abortCause?.shouldBeInstanceOf<ProtocolViolationException>()
                transport.lose()
                check(outcomes.all { it() != null }) { "a call is left waiting" }
            }
        }
    })

private fun root() = RemoteMethods
    .create()
    .on("x") { it.args }
    .on("get") { RemoteMethods.create().referenceable() }
    .on("throw") { throw PBError("on purpose") }
    .root()

private val COMMANDS =
    listOf("message", "message", "message", "answer", "error", "decref", "decache", "uncache", "cachemessage", "version", "x")

private val METHODS = listOf("x", "get", "throw", "no\n")

private fun message(random: Random): BananaElement {
    val command = COMMANDS[random.nextInt(COMMANDS.size)]
    val parts =
        when (command) {
            "message", "cachemessage" ->
                listOf(
                    number(random),
                    if (random.nextInt(3) > 0) Bytes.utf8("root") else number(random),
                    Bytes.utf8(METHODS[random.nextInt(METHODS.size)]),
                    BananaInteger.of(random.nextInt(2).toLong()),
                    arguments(random),
                    BananaList.of(Bytes.utf8("dictionary")),
                )
            "answer", "error" -> listOf(number(random), value(random, 3))
            "version" -> listOf(BananaInteger.of(6))
            else -> listOf(number(random))
        }
    val list = listOf<BananaElement>(Bytes.utf8(command)) + parts
    return BananaList(if (random.nextInt(20) == 0) list.dropLast(1) else list)
}

private fun number(random: Random) = BananaInteger.of(random.nextInt(4).toLong())

private fun arguments(random: Random) = when (random.nextInt(10)) {
    0 -> value(random, 2)
    else -> BananaList(listOf<BananaElement>(Bytes.utf8("tuple")) + List(random.nextInt(3)) { value(random, 3) })
}

private fun value(random: Random, depth: Int): BananaElement = when (if (depth == 0) 0 else random.nextInt(8)) {
    0 -> number(random)
    1 -> BananaList.of(Bytes.utf8("None"))
    2 -> BananaList.of(Bytes.utf8("remote"), number(random))
    3 -> BananaList.of(Bytes.utf8("local"), if (random.nextBoolean()) number(random) else Bytes.utf8("root"))
    4 -> BananaList.of(Bytes.utf8("cached"), number(random))
    5 -> BananaList.of(Bytes.utf8("some.Type"), number(random), value(random, depth - 1))
    6 -> BananaList.of(Bytes.utf8("twisted.spread.pb.CopyableFailure"), value(random, depth - 1))
    else -> BananaList(listOf<BananaElement>(Bytes.utf8("list")) + List(random.nextInt(3)) { value(random, depth - 1) })
}
