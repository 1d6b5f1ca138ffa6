// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.reactor.Reactor
import dev.torsion.testsupport.RealTwisted
import dev.torsion.testsupport.withRealReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.io.ByteArrayOutputStream

/** Our clients and servers of real Twisted. */
class TwistedServerInteropSpec :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { RealTwisted.isHere })

        fun against(service: String, block: suspend Reactor.(String) -> Unit) = twisted.withServer("twisted_server.py") { ports ->
            withRealReactor { block("tcp:127.0.0.1:${ports.getValue(service)}") }
        }

        val words = listOf("hello", "", "x", "z".repeat(80), "\u00e9").map { it.encodeToByteArray() }

        test("echo") {
            against("echo") { endpoint ->
                val client = connect(endpoint, RawCodec())
                val sent = ByteArray(300_000) { it.toByte() }
                client.write(sent)
                val got = ByteArrayOutputStream()
                while (got.size() < sent.size) got.write(client.receive()) // Twisted drops what it has not sent when we end our side
                client.close()
                got.toByteArray().contentEquals(sent) shouldBe true
            }
        }

        test("lines") {
            against("line") { endpoint ->
                val client = connect(endpoint, LineCodec("\r\n"))
                listOf("hello", "", "x", "z".repeat(80)).forEach { client.request(it).await() shouldBe it.uppercase() }
                client.request("bye").await() shouldBe "BYE"
                client.receiveOrNull().shouldBeNull()
            }
        }

        test("lines over the other side's limit") {
            against("line") { endpoint ->
                val client = connect(endpoint, LineCodec())
                client.request("x".repeat(101)).await() shouldBe "TOO LONG"
                client.receiveOrNull().shouldBeNull()
            }
        }

        test("lines with raw mode, by the callback class") {
            class Uploading : LineReceiver() {
                val done = Deferred<List<String>>()
                private val got = ArrayList<String>()
                private var left = 9

                override fun connectionMade() = transport.write("first\r\nraw 9\r\nab\r\ncd\r\nelast\r\n".encodeToByteArray())

                override fun lineReceived(line: ByteArray) {
                    got.add(line.decodeToString())
                    if (got.size == 1) setRawMode()
                    if (got.last() == "LAST") done.callback(got)
                }

                override fun rawDataReceived(data: ByteArray) {
                    val mine = minOf(left, data.size)
                    got.add(data.decodeToString(0, mine))
                    left -= mine
                    if (left == 0) setLineMode(data.copyOfRange(mine, data.size))
                }
            }
            against("line") { endpoint ->
                val client = clientFromString(this, endpoint).connectProtocol(Uploading()).await()
                val got = client.done.await()
                got.first() shouldBe "FIRST"
                got.drop(1).dropLast(1).joinToString("") shouldBe "e\n\rdc\n\rba"
                client.transport.loseConnection()
            }
        }

        for ((name, codec) in mapOf(
            "int8" to Int8Codec(),
            "int16" to Int16Codec(),
            "int32" to Int32Codec(),
            "netstring" to NetstringCodec(),
        )) {
            test(name) {
                against(name) { endpoint ->
                    val client = connect(endpoint, codec)
                    words.map { client.request(it) }.map { it.await() }.hex() shouldBe words.hex()
                    client.close()
                }
            }
        }

        test("int32 over the other side's limit ends the connection") {
            against("int32") { endpoint ->
                val client = connect(endpoint, Int32Codec(maxLength = 200_000))
                client.write(ByteArray(100_000))
                client.whenClosed().await()
            }
        }

        test("header and JSON") {
            against("header") { endpoint ->
                val client = connect(endpoint, HeaderCodec(Struct("<iii"), lengthField = 1, body = Order.json))
                val answers = listOf(Order("edu", 2), Order("\u00e9")).map { client.request(HeaderAndBody(StructValues.of(1, 0, 101), it)) }
                answers.map { it.await().body } shouldBe listOf(Order("ude", 3), Order("\u00e9", 2))
                client.close()
            }
        }
    })
