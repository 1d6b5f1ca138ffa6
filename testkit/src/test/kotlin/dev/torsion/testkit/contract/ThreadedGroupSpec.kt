// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.group.GroupFactory
import dev.torsion.group.ReactorGroup
import dev.torsion.loop.EngineFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.EngineReactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.spi.TorsionSpi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

@OptIn(TorsionSpi::class)
class ThreadedGroupSpec :
    StringSpec({
        "a group of reactors on any engine shares the connections of a port" {
            val options = ReactorOptions("threads")
            ReactorGroup.create(2, options, { EngineReactor(it, EngineFactory(::ThreadedEngine)) }).use { group ->
                group.start()
                val served = CopyOnWriteArrayList<String>()
                val factories =
                    GroupFactory { reactor ->
                        Factory {
                            object : Protocol() {
                                override fun dataReceived(data: ByteArray) {
                                    served.add(Thread.currentThread().name)
                                    reactor.isInReactorThread shouldBe true
                                    transport.write(data)
                                }
                            }
                        }
                    }
                val port = group.listenTcp(0, factories, "127.0.0.1").get(20, TimeUnit.SECONDS)
                repeat(2) {
                    Socket("127.0.0.1", port.port()).use { socket ->
                        socket.soTimeout = 20_000
                        socket.getOutputStream().write(7)
                        socket.getInputStream().read() shouldBe 7
                    }
                }
                served shouldContainExactlyInAnyOrder listOf("threads-1", "threads-2")
            }
        }
    })
