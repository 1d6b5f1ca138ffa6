// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.DatagramTooLongException
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.InvalidAddressException
import dev.torsion.reactor.Reactor
import dev.torsion.testsupport.RealTwisted
import dev.torsion.testsupport.withRealReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** Datagrams with real Twisted at the other end, and the two side by side. */
class TwistedUdpSpec :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { RealTwisted.isHere })

        test("our client and Twisted's server: answers, an empty datagram, a large one, and one whose handler raises") {
            twisted.withServer(SCRIPT, "server") { ports ->
                withRealReactor {
                    val client = connectDatagrams("127.0.0.1", ports.getValue("udp"), RawCodec()).await()
                    for (size in listOf(5, 0, 8000)) {
                        val sent = ByteArray(size) { 'x'.code.toByte() }
                        client.send(sent)
                        client.receive().message.decodeToString() shouldBe "the server's " + sent.decodeToString()
                    }
                    client.send("raise".encodeToByteArray())
                    client.send("still there?".encodeToByteArray())
                    client.receive().message.decodeToString() shouldBe "the server's still there?"
                    client.close().await()
                }
            }
        }

        test("Twisted's client, which is the tutorials', and our server") {
            withRealReactor {
                val server =
                    object : DatagramProtocol() {
                        override fun datagramReceived(data: ByteArray, sender: InternetAddress) =
                            transport.write("the server's ${data.decodeToString()}".encodeToByteArray(), sender)
                    }
                val port = listenUdp(0, server, "127.0.0.1")
                client(port.port()) shouldBe "received the server's hello from 127.0.0.1"
                port.stopListening().await()
            }
        }

        test("a group with Twisted in it, in both directions") {
            twisted.withServer(SCRIPT, "server") { ports ->
                withRealReactor {
                    val twisted = IPv4Address("127.0.0.1", ports.getValue("udp"))
                    val member = openDatagrams("udp:0:interface=0.0.0.0", RawCodec().text()).await()
                    member.transport.multicast().joinGroup(GROUP, "127.0.0.1")
                    member.send("group ${member.host().port}", twisted)
                    member.receive().let { (text, sender) ->
                        text shouldBe "to the group"
                        sender shouldBe twisted
                    }
                    member.close().await()
                }
            }
        }

        test("the same moments, on both sides: what is refused, and what happens in a batch") {
            val facts = twisted.output(SCRIPT, "facts").lines().filter { line -> FACTS.any { line.startsWith(it) } }
            val ours = withRealReactor { facts() }
            facts.dropLast(1) shouldContainExactly ours.dropLast(1)
            // On purpose: after stopListening Twisted still hands out the rest of a batch.
            facts.last() shouldBe "started, received , received raise, received stop, received never, stopped, port free"
            ours.last() shouldBe "started, received , received raise, received stop, stopped, port free"
        }
    })

private const val SCRIPT = "twisted_udp.py"
private const val GROUP = "239.255.77.78"
private val FACTS = listOf("write ", "connect ", "started")

private suspend fun client(port: Int): String =
    withContext(Dispatchers.IO) { twisted.output(SCRIPT, "client", "$port") }.lines().first { it.isNotEmpty() }

/** The exchange of the script's `facts`. */
private suspend fun Reactor.facts(): List<String> {
    val story = ArrayList<String>()
    val ended = dev.torsion.defer.Deferred<Unit>()
    val server =
        object : DatagramProtocol() {
            override fun startProtocol() {
                story.add("started")
            }

            override fun stopProtocol() {
                story.add("stopped")
            }

            override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                story.add("received ${data.decodeToString()}")
                if (data.decodeToString() == "stop") {
                    transport.stopListening().addCallback {
                        story.add("port free")
                        ended.callback(Unit)
                    }
                }
            }
        }
    val at = listenUdp(0, server, "127.0.0.1").host() as InternetAddress
    val client = object : DatagramProtocol() {}
    val port = listenUdp(0, client, "127.0.0.1")
    val x = ByteArray(1)
    val said = mutableListOf(
        "write to a name: " + refusal { client.transport.write(x, IPv4Address("example.com", 9)) },
        "write to the other family: " + refusal { client.transport.write(x, IPv6Address("::1", 9)) },
        "write too much: " + refusal { client.transport.write(ByteArray(65_508), at) },
        "connect to a name: " + refusal { client.transport.connect("example.com", 9) },
    )
    client.transport.connect(at)
    said.add("connect twice: " + refusal { client.transport.connect(at) })
    for (text in listOf("", "raise", "stop", "never")) client.transport.write(text.encodeToByteArray())
    ended.await()
    port.stopListening().await()
    return said + story.joinToString()
}

/** The name that Twisted has for what [call] throws. */
private fun refusal(call: () -> Unit): String = try {
    call()
    "nothing raised"
} catch (_: InvalidAddressException) {
    "InvalidAddressError"
} catch (_: DatagramTooLongException) {
    "MessageLengthError"
} catch (_: IllegalStateException) {
    "RuntimeError"
}
