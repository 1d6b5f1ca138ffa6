// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Failure
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.bytes
import dev.torsion.testkit.StringTransport
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.math.BigInteger
import java.time.Duration

/** The bytes on the wire, each as Twisted's. */
class PBGoldenSpec :
    FunSpec({
        test("the server offers its dialects, and answers the choice with its version") {
            val (transport, _) = serverSide(RemoteMethods.create().root())
            transport.taken() shouldBe "02800282706204826e6f6e65"
            transport.receive(bytes("02827062028013870681"))
            transport.taken() shouldBe "028013870681"
        }

        test("the client chooses, and says its version at once") {
            val factory = PBClientFactory(NO_TIMEOUT)
            val transport = StringTransport().connect(factory.buildProtocol(ADDRESS))
            transport.taken() shouldBe ""
            var root: RemoteReference? = null
            factory.getRootObject().addCallback { root = it }
            transport.receive(bytes("02800282706204826e6f6e65"))
            transport.taken() shouldBe "02827062028013870681"
            val numbers: Array<Any?> =
                arrayOf(
                    1, -1, 0, 127, 128, Int.MAX_VALUE, 1L shl 31, -(1L shl 31), -(1L shl 31) - 1, BigInteger.ONE.shiftLeft(63),
                    BigInteger.ONE.shiftLeft(100),
                )
            root!!.callRemote("echo", *numbers)
            transport.taken() shouldBe "07801a8701810482726f6f7404826563686f01810c800b870181018300817f810001817f7f7f7f0781" +
                "000000000885" + "000000000883" + "010000000886" + "0000000000000000000185" +
                "00000000000000000000000000000485" + "01800587"
        }

        test("a returned object is [remote, 1], comes back as [local, 1], and is given back with decref") {
            val child = RemoteMethods.create().on("name") { "child" }.referenceable()
            val (transport, broker) = serverSide(RemoteMethods.create().on("get") { child }.on("take") { it.args[0] === child }.root())
            transport.agree()
            transport.receive(bytes("07801a8701810482726f6f74" + "0382676574" + "0181" + "01800b87" + "01800587"))
            transport.taken() shouldBe "03801b870181028010870181"
            broker.localObjectCount shouldBe 1
            transport.receive(bytes("07801a8702810482726f6f74" + "048274616b65" + "0181" + "02800b87028011870181" + "01800587"))
            transport.taken() shouldBe "03801b870281" + "02800782626f6f6c65616e048274727565"
            transport.receive(bytes("02801d870181"))
            broker.localObjectCount shouldBe 0
        }

        test("an answer of nothing is [None], and a call without an answer gets none") {
            var called = 0
            val (transport, _) = serverSide(RemoteMethods.create().on("run") { called++.let { null } }.root())
            transport.agree()
            transport.receive(bytes("07801a8702810482726f6f74" + "038272756e" + "0181" + "01800b87" + "01800587"))
            transport.taken() shouldBe "03801b87028101800187"
            transport.receive(bytes("07801a8703810482726f6f74" + "038272756e" + "0081" + "01800b87" + "01800587"))
            transport.taken() shouldBe ""
            called shouldBe 2
        }

        test("a client of dialect none works, and no word travels as a number") {
            val (transport, _) = serverSide(RemoteMethods.create().on("run") { null }.root())
            transport.clear()
            transport.receive(bytes("04826e6f6e65"))
            transport.taken() shouldBe "0280078276657273696f6e0681"
            val call = "0780" + "07826d657373616765" + "0181" + "0482726f6f74" + "038272756e" + "0181"
            transport.receive(bytes(call + "018005827475706c65" + "01800a8264696374696f6e617279"))
            transport.taken() shouldBe "0380" + "0682616e73776572" + "0181" + "018004824e6f6e65"
            transport.receive(bytes("1387"))
            transport.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
        }

        test("a message that is not understood is answered, and one of that kind is not") {
            val (transport, _) = serverSide(RemoteMethods.create().root())
            transport.agree()
            transport.receive(bytes("01800382666f6f"))
            transport.taken() shouldBe "02801082" + "didNotUnderstand".toByteArray().toHexString() + "0382666f6f"
            transport.receive(bytes("02801082" + "didNotUnderstand".toByteArray().toHexString() + "0382666f6f"))
            transport.taken() shouldBe ""
            transport.isAborted shouldBe false
        }

        test("what breaks the rules ends the connection") {
            for ((hex, why) in mapOf(
                "0181" to "no list",
                "0080" to "no name",
                "01800181" to "no name",
                "028013870581" to "another version",
                "03801b87098101800187" to "no call",
                "02801d870981" to "does not have",
                "02801e870981" to "does not have",
                "02801f870981" to "not there",
                "01801d87" to "parts",
                "02801a870181" to "parts",
                "88" to "0x88",
            )) {
                val (transport, _) = serverSide(RemoteMethods.create().root())
                transport.agree()
                transport.receive(bytes(hex))
                transport.abortCause.shouldBeInstanceOf<ProtocolViolationException>().message!! shouldContain why
            }
        }

        test("a peer of another dialect is refused, on both sides") {
            val (server, _) = serverSide(RemoteMethods.create().root())
            server.receive(bytes("0382666f6f"))
            server.abortCause.shouldBeInstanceOf<ProtocolViolationException>().message!! shouldContain "not offered"
            for (hex in listOf("01800382666f6f", "0382666f6f", "0080")) {
                val factory = PBClientFactory(NO_TIMEOUT)
                val client = StringTransport().connect(factory.buildProtocol(ADDRESS))
                val failed = ArrayList<Throwable>()
                factory.getRootObject().addBoth { outcome -> failed.add((outcome as Failure).value) }
                client.receive(bytes(hex))
                client.abortCause.shouldBeInstanceOf<ProtocolViolationException>().message!! shouldStartWith "The server offers no"
                failed.shouldBeEmpty()
                client.lose()
                failed.size shouldBe 1
            }
        }

        test("a server that has as many connections as it may takes no more") {
            val factory = PBServerFactory(RemoteMethods.create().root(), NO_TIMEOUT.copy(maxConnections = 1))
            val first = StringTransport().connect(factory.buildProtocol(ADDRESS)!!)
            factory.buildProtocol(ADDRESS).shouldBeNull()
            first.lose()
            StringTransport().connect(factory.buildProtocol(ADDRESS)!!).lose()
        }
    })

/** A StringTransport has no clock of its own. */
internal val NO_TIMEOUT = PBOptions(handshakeTimeout = Duration.ofDays(1))

internal val ADDRESS = dev.torsion.net.IPv4Address("192.0.2.1", 8800)

internal fun serverSide(root: RootSource, options: PBOptions = PBOptions.DEFAULT): Pair<StringTransport, Broker> {
    val broker = PBServerFactory(root, options.copy(handshakeTimeout = Duration.ofDays(1))).buildProtocol(ADDRESS) as Broker
    return StringTransport().connect(broker) to broker
}

internal fun StringTransport.taken(): String = value().toHexString().also { clear() }

internal fun StringTransport.agree() {
    receive(bytes("02827062028013870681"))
    clear()
}
