// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.net.DatagramProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.testkit.DatagramFate
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeInRange

/** The Kotlin of the guide's page about UDP. */
class UdpGuideSpec :
    StringSpec({
        "a listener joins its group" {
            class Listener : DatagramProtocol() {
                override fun startProtocol() = transport.multicast().joinGroup("239.1.2.3")

                val heard = ArrayList<String>()

                override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                    heard.add(data.decodeToString())
                }
            }
            MemoryReactor().use { reactor ->
                val listener = Listener()
                reactor.listenMulticast(8005, listener, listenMultiple = true)
                val sender = object : DatagramProtocol() {}
                reactor.listenUdp(0, sender)
                sender.transport.write("hello".encodeToByteArray(), IPv4Address("239.1.2.3", 8005))
                reactor.flush()
                listener.heard shouldContainExactly listOf("hello")
            }
        }

        "a network that loses, doubles and reorders" {
            MemoryReactor().use { reactor ->
                reactor.network.datagramFate = DatagramFate.random(seed = 7).loss(0.1).duplication(0.05).reordering(0.2).build()
                var heard = 0
                val counting =
                    object : DatagramProtocol() {
                        override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                            heard++
                        }
                    }
                val at = reactor.listenUdp(0, counting, "127.0.0.1").host() as InternetAddress
                val sender = object : DatagramProtocol() {}
                reactor.listenUdp(0, sender)
                repeat(300) { sender.transport.write(ByteArray(1), at) }
                reactor.flush()
                heard shouldBeInRange 240..320
            }
        }
    })
