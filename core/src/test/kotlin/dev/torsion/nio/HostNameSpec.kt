// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.endpoint.TCP6ClientEndpoint
import dev.torsion.endpoint.TCP6ServerEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.name.HostResolver
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DnsLookupException
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.ServerSocketChannel
import java.util.concurrent.TimeUnit
import dev.torsion.net.Factory as TorsionFactory

/** Host names and both families on real sockets; the rules of the race are those of the testkit's `HostnameEndpointSpec`. */
class HostNameSpec :
    StringSpec({
        val ipv6: (io.kotest.core.test.TestCase) -> Enabled = {
            if (hasIPv6) Enabled.enabled else Enabled.disabled("This machine has no IPv6: it cannot listen on ::1.")
        }
        val both = ReactorOptions(resolver = HostResolver.fixed(mapOf("both.test" to listOf(SIX, FOUR))))

        "a server on 127.0.0.1 only is found behind a name that is ::1 first".config(enabledOrReasonIf = ipv6) {
            withReactor(both) { reactor ->
                val port = reactor.listen { Scripted() }.port()
                reactor.peerOf(HostnameEndpoint(reactor, "both.test", port)) shouldBe IPv4Address("127.0.0.1", port)
                reactor.peerOf(clientFromString(reactor, "tcp:both.test:$port")) shouldBe IPv4Address("127.0.0.1", port)
            }
        }

        "a server on ::1 only is found at localhost, which is 127.0.0.1 first".config(enabledOrReasonIf = ipv6) {
            withReactor { reactor ->
                val port = reactor.listenAt(TCP6ServerEndpoint(reactor, 0, networkInterface = "::1")).host()
                port.shouldBeInstanceOf<IPv6Address>().host shouldBe "::1"
                reactor.peerOf(HostnameEndpoint(reactor, "localhost", port.port)) shouldBe IPv6Address("::1", port.port)
            }
        }

        "of a name with both, each family can be had alone".config(enabledOrReasonIf = ipv6) {
            withReactor(both) { reactor ->
                val port = reactor.listenAt(TCP6ServerEndpoint(reactor, 0)).host() as InternetAddress
                port shouldBe IPv6Address("::", port.port)
                reactor.peerOf(TCP6ClientEndpoint(reactor, "both.test", port.port)) shouldBe IPv6Address("::1", port.port)
                reactor.peerOf(TCP4ClientEndpoint(reactor, "both.test", port.port)) shouldBe IPv4Address("127.0.0.1", port.port)
                shouldThrow<DnsLookupException> { reactor.peerOf(TCP4ClientEndpoint(reactor, "::1", port.port)) }
                shouldThrow<DnsLookupException> { reactor.peerOf(TCP6ClientEndpoint(reactor, "127.0.0.1", port.port)) }
            }
        }

        "a port over IPv4 is not there over IPv6".config(enabledOrReasonIf = ipv6) {
            withReactor { reactor ->
                val port = reactor.listenAt(TCP4ServerEndpoint(reactor, 0)).host() as InternetAddress
                port shouldBe IPv4Address("0.0.0.0", port.port)
                reactor.peerOf(TCP4ClientEndpoint(reactor, "127.0.0.1", port.port)) shouldBe IPv4Address("127.0.0.1", port.port)
                val refused = shouldThrow<ConnectionRefusedException> { reactor.peerOf(TCP6ClientEndpoint(reactor, "::1", port.port)) }
                refused.destination shouldBe "[::1]:${port.port}"
            }
        }

        "the address to connect from decides between the families".config(enabledOrReasonIf = ipv6) {
            withReactor(both) { reactor ->
                val port = reactor.listenAt(TCP6ServerEndpoint(reactor, 0)).port()
                reactor.peerOf(HostnameEndpoint(reactor, "both.test", port, ConnectOptions(bindAddress = "127.0.0.1"))) shouldBe
                    IPv4Address("127.0.0.1", port)
                reactor.peerOf(HostnameEndpoint(reactor, "both.test", port, ConnectOptions(bindAddress = "::1"))) shouldBe
                    IPv6Address("::1", port)
            }
        }

        "nobody listens at either: refused, with both refusals told".config(enabledOrReasonIf = ipv6) {
            withReactor(both) { reactor ->
                val port = reactor.listen { Scripted() }.also { reactor.resultOnLoop { it.stopListening() } }.port()
                val refused = shouldThrow<ConnectionRefusedException> { reactor.peerOf(HostnameEndpoint(reactor, "both.test", port)) }
                refused.destination shouldBe "both.test:$port"
                refused.cause.shouldBeInstanceOf<ConnectionRefusedException>().destination shouldBe "[::1]:$port"
                refused.suppressed.single().shouldBeInstanceOf<ConnectionRefusedException>().destination shouldBe "127.0.0.1:$port"
            }
        }

        "a Java that was told to do without IPv6 says so, and goes on to the IPv4 address" {
            val java = ProcessHandle.current().info().command().orElseThrow()
            val process =
                ProcessBuilder(
                    java,
                    "-Djava.net.preferIPv4Stack=true",
                    "-cp",
                    System.getProperty("java.class.path"),
                    WithoutIPv6::class.java.name,
                ).redirectErrorStream(true).start()
            val text = process.inputStream.bufferedReader().readText()
            check(process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) { text }
            text shouldContain "peer 127.0.0.1"
            text shouldContain "alone: this machine does not have the address's family"
            text shouldContain "listening: Cannot listen on [::]:0"
        }
    })

private val SIX = InetAddress.getByName("::1")
private val FOUR = InetAddress.getByName("127.0.0.1")

private val hasIPv6: Boolean by lazy {
    try {
        ServerSocketChannel.open().use { it.bind(InetSocketAddress(SIX, 0)) }
        true
    } catch (_: Exception) {
        false
    }
}

private fun Reactor.listenAt(endpoint: dev.torsion.endpoint.ServerEndpoint): ListeningPort =
    resultOnLoop { endpoint.listen(TorsionFactory { Scripted() }) }

/** Connects, and gives the peer's address, as a fact of the socket. */
private fun Reactor.peerOf(endpoint: dev.torsion.endpoint.ClientEndpoint): InternetAddress {
    val protocol = resultOnLoop { endpoint.connectProtocol(Scripted()) }
    return onLoop { (protocol.transport.peer() as InternetAddress).also { protocol.transport.loseConnection() } }
}

/** For a JVM of its own. */
internal object WithoutIPv6 {
    @JvmStatic
    fun main(args: Array<String>) {
        val six = InetAddress.getByAddress(ByteArray(16).also { it[15] = 1 })
        withReactor(ReactorOptions(resolver = HostResolver.fixed(mapOf("both.test" to listOf(six, FOUR), "six.test" to listOf(six))))) {
            val port = it.listen { Scripted() }.port()
            println("peer " + it.peerOf(HostnameEndpoint(it, "both.test", port)).host)
            println("alone: " + shouldThrow<CannotConnectException> { it.peerOf(HostnameEndpoint(it, "six.test", port)) }.cause?.message)
            println("listening: " + shouldThrow<CannotListenException> { it.listenAt(TCP6ServerEndpoint(it, 0)) }.message)
        }
    }
}
