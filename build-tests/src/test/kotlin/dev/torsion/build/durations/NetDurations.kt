// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.DrainReport
import dev.torsion.net.DrainTimeoutException
import dev.torsion.net.Factory
import dev.torsion.net.KeepAlive
import dev.torsion.net.ListeningPort
import dev.torsion.net.MinimumRate
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.TimeoutMixin
import dev.torsion.net.setTimeout
import dev.torsion.reactor.resolve
import dev.torsion.testkit.successResultOf
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.time.temporal.ChronoUnit
import kotlin.time.Duration.Companion.INFINITE

private fun connectTcp(timeout: Duration) = inMemory { reactor ->
    val protocol = object : Protocol() {}
    val port = reactor.listenTcp(0, Factory { object : Protocol() {} }, "127.0.0.1")
    val factory = object : ClientFactory({ protocol }) {}
    reactor.connectTcp("127.0.0.1", port.port(), factory, ConnectOptions(timeout))
    reactor.advance(halfACentury)
    protocol.isConnected shouldBe true
    protocol.transport.abortConnection()
    port.stopListening()
    reactor.flush()
}

/** A peer that never reads lets a connection close for ever, not at once. */
private fun closing(options: StreamOptions) = inMemory { reactor ->
    val deaf = object : Protocol() {
        override fun connectionMade() = transport.pauseProducing()
    }
    val port = reactor.listenTcp(0, Factory { deaf }, "127.0.0.1")
    val endpoint = HostnameEndpoint(reactor, "127.0.0.1", port.port()).withOptions(TcpOptions(options))
    val protocol = reactor.await(endpoint.connect(Factory { object : Protocol() {} }))
    protocol.transport.write(ByteArray(1 shl 20))
    protocol.transport.loseConnection()
    reactor.advance(halfACentury)
    protocol.isConnected shouldBe true
    protocol.transport.abortConnection()
    port.stopListening()
    reactor.flush()
}

/** A port with a connection whose peer never reads. */
private fun draining(drain: (ListeningPort) -> Deferred<DrainReport>) = inMemory { reactor ->
    val sender = object : Protocol() {
        override fun connectionMade() = transport.write(ByteArray(1 shl 20))
    }
    val deaf = object : Protocol() {
        override fun connectionMade() = transport.pauseProducing()
    }
    val forEver = TcpOptions(StreamOptions(closeTimeout = ChronoUnit.FOREVER.duration))
    val port = reactor.listenTcp(0, Factory { sender }, "127.0.0.1", options = forEver)
    reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { deaf })
    reactor.flush()
    val drained = drain(port)
    reactor.advance(halfACentury)
    drained.called shouldBe false
    deaf.transport.abortConnection()
    reactor.flush()
    successResultOf(drained).connections shouldBe 1
}

/** Times of connections and ports, and of their options. */
internal val netDurations: Tries =
    mapOf(
        "net/TimeoutMixin.setTimeout" to { time ->
            onClockNever { clock, never -> TimeoutMixin(object : Protocol() {}, clock, never).setTimeout(time) }
        },
        "net/TimeoutMixinKt.setTimeout (Kotlin)" to { _ ->
            onClockNever { clock, never -> TimeoutMixin(object : Protocol() {}, clock, never).setTimeout(INFINITE) }
        },
        "nio/NioEngine.unixConnector" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
        "spi/UnixNetwork.unixConnector" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
        "net/ConnectTimeoutException.<init>" to { time ->
            ConnectTimeoutException("example.com:80", time).timeout shouldBe time
        },
        "net/ConnectOptions\$Companion.invoke" to { time ->
            connecting { reactor, _, port ->
                HostnameEndpoint(reactor, "localhost", port, ConnectOptions(time, attemptDelay = time))
            }
        },
        "net/ConnectOptions.copy" to { time ->
            connecting { reactor, _, port ->
                HostnameEndpoint(reactor, "localhost", port, ConnectOptions.DEFAULT.copy(timeout = time, attemptDelay = time))
            }
        },
        "net/ConnectOptions\$Builder.timeout" to { time -> connectTcp(ConnectOptions.builder().timeout(time).build().timeout) },
        "net/ConnectOptions\$Builder.attemptDelay" to { time ->
            connecting { reactor, _, port ->
                HostnameEndpoint(reactor, "localhost", port, ConnectOptions.builder().attemptDelay(time).build())
            }
        },
        "net/ConnectOptions.withTimeout" to { time -> connectTcp(ConnectOptions.DEFAULT.withTimeout(time).timeout) },
        "net/ConnectOptions.withAttemptDelay" to { time ->
            connecting { reactor, _, port ->
                HostnameEndpoint(reactor, "localhost", port, ConnectOptions.DEFAULT.withAttemptDelay(time))
            }
        },
        "net/StreamOptions\$Companion.invoke" to { time -> closing(StreamOptions(closeTimeout = time)) },
        "net/StreamOptions.copy" to { time -> closing(StreamOptions.DEFAULT.copy(closeTimeout = time)) },
        "net/StreamOptions\$Builder.closeTimeout" to { time -> closing(StreamOptions.builder().closeTimeout(time).build()) },
        "net/StreamOptions.withCloseTimeout" to { time -> closing(StreamOptions.DEFAULT.withCloseTimeout(time)) },
        "spi/HostNames.resolve" to { time ->
            inMemory { reactor -> reactor.await(reactor.resolve("127.0.0.1", timeout = time)).size shouldBe 1 }
        },
        "net/DrainTimeoutException.<init>" to { time -> DrainTimeoutException(time).timeout shouldBe time },
        "net/ListeningPort.drain" to { time -> draining { port -> port.drain(time) } },
        "spi/Acceptor.drain" to { time -> draining { port -> port.drain(time) } }, // which asks it
        "stream/FactoryAcceptor.drain" to { time -> draining { port -> port.drain(time) } },
        "net/KeepAlive.<init>" to { time ->
            inMemory { reactor ->
                val probed = TcpOptions.DEFAULT.withKeepAlive(KeepAlive(time, time, 1))
                reactor.listenTcp(0, Factory { object : Protocol() {} }, options = probed).stopListening()
                reactor.flush()
            }
        },
        "net/MinimumRate\$Builder.grace" to { time ->
            closing(
                StreamOptions(closeTimeout = time, minimumRate = MinimumRate.builder().reading(1).writing(1).grace(time).build()),
            )
        },
        "net/MinimumRate\$Builder.window" to { time ->
            val rate = MinimumRate.builder().reading(1).writing(1).grace(ChronoUnit.FOREVER.duration).window(time).build()
            closing(StreamOptions(closeTimeout = time, minimumRate = rate))
        },
    )
