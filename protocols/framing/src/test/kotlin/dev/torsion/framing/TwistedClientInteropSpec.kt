// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.testsupport.RealTwisted
import dev.torsion.testsupport.withRealReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** Clients of real Twisted and our servers: by codec, and by callback class. */
class TwistedClientInteropSpec :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { RealTwisted.isHere })

        fun check(kind: String, listen: Reactor.() -> Deferred<ListeningPort>) = withRealReactor {
            val port = listen().await()
            val verdict = deferToThread { twisted.output("twisted_client.py", kind, "${port.port()}") }.await()
            verdict.trim() shouldBe "ok"
        }

        fun <T : Any> checkCodec(kind: String, codec: Codec<T>, answer: (T) -> T) = check(kind) {
            serve("tcp:0:interface=127.0.0.1", codec) { connection ->
                for (message in connection.incoming) connection.send(answer(message))
            }
        }

        fun checkProtocol(kind: String, make: () -> Protocol) = check(kind) {
            Deferred<ListeningPort>().apply { callback(listenTcp(0, Factory(make), "127.0.0.1")) }
        }

        context("codecs") {
            test("echo") { checkCodec("echo", RawCodec()) { it } }
            test("line, strictly CR LF") { checkCodec("line", LineCodec("\r\n").bytes()) { it.shouted() } }
            test("line, any newline") { checkCodec("line", LineCodec().bytes()) { it.shouted() } }
            test("int8") { checkCodec("int8", Int8Codec()) { it } }
            test("int16") { checkCodec("int16", Int16Codec()) { it } }
            test("int32") { checkCodec("int32", Int32Codec()) { it } }
            test("netstring") { checkCodec("netstring", NetstringCodec()) { it } }
            test("header and JSON") {
                checkCodec("header", HeaderCodec(Struct("iii"), lengthField = 1, body = Order.json)) { (header, order) ->
                    HeaderAndBody(StructValues.of(header.int(0), 0, header.int(2) + 900), Order(order.company.reversed(), order.count + 1))
                }
            }
        }

        context("callback classes") {
            test("line") {
                checkProtocol("line") {
                    object : LineOnlyReceiver() {
                        override fun lineReceived(line: ByteArray) = sendLine(line.shouted())
                    }
                }
            }
            test("line with raw mode") { checkProtocol("raw") { RawShouter() } }
            test("int8") { checkProtocol("int8") { Answering8() } }
            test("int16") { checkProtocol("int16") { Answering16() } }
            test("int32") { checkProtocol("int32") { Answering32() } }
            test("netstring") { checkProtocol("netstring") { AnsweringNetstring() } }
            test("header") {
                checkProtocol("header") {
                    object : HeaderReceiver(HeaderFraming(Struct("<iii"), lengthField = 1)) {
                        override fun messageReceived(header: StructValues, body: ByteArray) {
                            val order = Order.json.decode(ByteBuffer.wrap(body))
                            val answer = Order.json.encode(Order(order.company.reversed(), order.count + 1))
                            sendMessage(StructValues.of(header.int(0), 0, header.int(2) + 900), answer)
                        }
                    }
                }
            }
        }
    })

/** In upper case as Python's bytes have it: only ASCII letters change. */
private fun ByteArray.shouted() = ByteArray(size) { if (this[it] in 'a'.code..'z'.code) (this[it] - 32).toByte() else this[it] }

private class RawShouter : LineReceiver() {
    private var left = 0
    private var held = ByteArray(0)

    override fun lineReceived(line: ByteArray) {
        val text = line.decodeToString()
        if (text.startsWith("raw ")) {
            left = text.drop(4).toInt()
            setRawMode()
        } else {
            sendLine(line.shouted())
        }
    }

    override fun rawDataReceived(data: ByteArray) {
        held += data
        if (held.size < left) return
        transport.write(held.copyOf(left).reversedArray())
        setLineMode(held.copyOfRange(left, held.size))
    }
}

private class Answering8 : Int8StringReceiver() {
    override fun stringReceived(string: ByteArray) = sendString(string)
}

private class Answering16 : Int16StringReceiver() {
    override fun stringReceived(string: ByteArray) = sendString(string)
}

private class Answering32 : Int32StringReceiver() {
    override fun stringReceived(string: ByteArray) = sendString(string)
}

private class AnsweringNetstring : NetstringReceiver() {
    override fun stringReceived(string: ByteArray) = sendString(string)
}
