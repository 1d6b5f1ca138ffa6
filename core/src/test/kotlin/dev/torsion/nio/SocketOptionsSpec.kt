// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.CannotListenException
import dev.torsion.net.KeepAlive
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import jdk.net.ExtendedSocketOptions
import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel
import java.time.Duration
import java.time.temporal.ChronoUnit
import dev.torsion.net.Factory as TorsionFactory

class SocketOptionsSpec :
    StringSpec({
        "a channel probes its idle peer at the times that were set" {
            val options = TcpOptions.DEFAULT.withKeepAlive(KeepAlive(Duration.ofSeconds(70), Duration.ofMillis(1), 7))
            options.tcpKeepAlive shouldBe true
            SocketChannel.open().use { channel ->
                channel.prepare(options)
                channel.getOption(StandardSocketOptions.SO_KEEPALIVE) shouldBe true
                channel.getOption(ExtendedSocketOptions.TCP_KEEPIDLE) shouldBe 70
                channel.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL) shouldBe 1
                channel.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT) shouldBe 7
            }
        }

        "times that no system takes are the longest that there are" {
            val forEver = ChronoUnit.FOREVER.duration
            SocketChannel.open().use { channel ->
                channel.prepare(TcpOptions(tcpKeepAlive = true, keepAlive = KeepAlive(forEver, forEver, 127)))
                channel.getOption(ExtendedSocketOptions.TCP_KEEPIDLE) shouldBe 32_767
                channel.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL) shouldBe 32_767
            }
            shouldThrow<IllegalArgumentException> { KeepAlive(Duration.ZERO, forEver, 1) }
            shouldThrow<IllegalArgumentException> { KeepAlive(forEver, Duration.ofSeconds(-1), 1) }
            shouldThrow<IllegalArgumentException> { KeepAlive(forEver, forEver, 0) }
            shouldThrow<IllegalArgumentException> { KeepAlive(forEver, forEver, 128) }
        }

        "two ports share an address when both of them say so, and only then" {
            withReactor { reactor ->
                val shared = TcpOptions.DEFAULT.withReusePort(true)
                val first = reactor.listen(shared) { Scripted() }
                reactor.onLoop {
                    shouldThrow<CannotListenException> { reactor.listenTcp(first.port(), TorsionFactory { Scripted() }, "127.0.0.1") }
                }
                val echo = Scripted(received = { transport.write(it) })
                val second = reactor.onLoop { reactor.listenTcp(first.port(), TorsionFactory { echo }, "127.0.0.1", options = shared) }
                reactor.resultOnLoop { first.stopListening() }
                second.connect().use { socket ->
                    socket.getOutputStream().write("hello".toByteArray())
                    String(socket.getInputStream().readNBytes(5)) shouldBe "hello"
                }
            }
        }
    })
