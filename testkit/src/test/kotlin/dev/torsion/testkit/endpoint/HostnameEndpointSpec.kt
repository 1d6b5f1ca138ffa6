// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.endpoint.ClientCreator
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.endpoint.TCP6ClientEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DnsLookupException
import dev.torsion.net.Factory
import dev.torsion.net.NoProtocolException
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.advance
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.testkit.service.error
import dev.torsion.testkit.service.outcomes
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.UnknownHostException
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Notes who it talks to, and that it does so no more. */
private class Noting(private val notes: MutableList<String>) : Protocol() {
    override fun connectionMade() {
        notes.add("made ${transport.peer()}")
    }

    override fun connectionLost(reason: CloseReason) {
        notes.add("lost ${transport.peer()}")
    }
}

/** The server's side: how many connections there were at one address, and how many of them have ended. */
private class Counting : Factory() {
    var made = 0
    var lost = 0

    override fun buildProtocol(address: Address): Protocol = object : Protocol() {
        override fun connectionMade() {
            made++
        }

        override fun connectionLost(reason: CloseReason) {
            lost++
        }
    }
}

/** The race for the addresses of a host: behaviour 39, and RFC 8305. On real sockets it is core's `HostNameSpec`. */
class HostnameEndpointSpec :
    StringSpec({
        val torsion = extension(TorsionSpecExtension())
        val reactor: () -> MemoryReactor = { torsion.reactor }
        lateinit var notes: MutableList<String>
        beforeTest { notes = ArrayList() }
        afterTest { reactor().ports.filter { it.isListening }.forEach { it.stopListening() } }

        fun host(vararg addresses: String, silent: Boolean = false) {
            reactor().network.addHost("example.com", *addresses)
            if (silent) addresses.forEach(reactor().network::silence)
        }

        fun server(address: String): Counting = Counting().also { reactor().listenTcp(80, it, address) }

        fun endpoint(
            timeout: Duration = Duration.ofSeconds(30),
            bindAddress: String? = null,
            attemptDelay: Duration = ConnectOptions.DEFAULT.attemptDelay,
        ) = HostnameEndpoint(reactor(), "example.com", 80, ConnectOptions(timeout, bindAddress, attemptDelay = attemptDelay))

        fun ClientEndpoint.start(): Deferred<Protocol> = connect(Factory { Noting(notes) }).also { reactor().flush() }

        fun ClientEndpoint.tried(): List<Outcome<Protocol>> = connect(Factory { Noting(notes) }).outcomes().also { reactor().flush() }

        /** How long the connection takes to be made. */
        fun ClientEndpoint.timeToConnect(): Duration {
            val before = reactor().clock.elapsed()
            reactor().await(connect(Factory { Noting(notes) })).transport.loseConnection()
            return reactor().clock.elapsed() - before
        }

        "the first address that is known is tried first: nobody else is asked when it answers" {
            host("2001:db8::1", "10.0.0.1")
            server("2001:db8::1")
            val other = server("10.0.0.1")
            endpoint().timeToConnect() shouldBe Duration.ZERO
            reactor().advance(10.seconds)
            notes.first() shouldBe "made [2001:db8::1]:80"
            other.made shouldBe 0
        }

        "behaviour 39: an address that does not answer keeps its head start of 250 ms, and then the next is tried as well" {
            host("2001:db8::1", "10.0.0.1")
            reactor().network.silence("2001:db8::1")
            server("10.0.0.1")
            val connecting = endpoint().tried()
            reactor().advance(249.milliseconds)
            connecting.shouldBeEmpty()
            reactor().advance(1.milliseconds)
            connecting.single().shouldBeInstanceOf<Success<Protocol>>()
            notes.shouldContainExactly("made 10.0.0.1:80")
            reactor().runFor(Duration.ofSeconds(1))
            connecting.single().get().transport.loseConnection()
        }

        "behaviour 39: the first that connects wins, and the other attempts are cancelled: they lead to nothing, and no timer is left" {
            host("2001:db8::1", "10.0.0.1", silent = true)
            val loser = server("2001:db8::1")
            server("10.0.0.1")
            val connecting = endpoint().start()
            reactor().advance(250.milliseconds)
            reactor().network.unsilence("10.0.0.1")
            reactor().flush()
            connecting.called shouldBe true
            reactor().delayedCalls().shouldBeEmpty()
            reactor().network.unsilence("2001:db8::1")
            reactor().advance(60.seconds)
            loser.made shouldBe 0
            reactor().network.connections shouldBe 1
            reactor().await(connecting).transport.loseConnection()
            reactor().flush()
        }

        "behaviour 39: two that connect in the same moment make one protocol, and the other connection is closed" {
            host("2001:db8::1", "10.0.0.1", silent = true)
            val servers = listOf(server("2001:db8::1"), server("10.0.0.1"))
            val connecting = endpoint().start()
            reactor().advance(250.milliseconds)
            listOf("10.0.0.1", "2001:db8::1").forEach(reactor().network::unsilence)
            reactor().flush()
            notes.shouldContainExactly("made [2001:db8::1]:80")
            servers.map { it.made to it.lost } shouldBe listOf(1 to 0, 1 to 1)
            reactor().network.connections shouldBe 1
            reactor().await(connecting).transport.loseConnection()
            reactor().flush()
        }

        "behaviour 39: an attempt that fails makes room for the next at once, and starts its own head start" {
            host("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")
            reactor().network.silence("10.0.0.3")
            server("10.0.0.4")
            endpoint().timeToConnect() shouldBe Duration.ofMillis(250)
            notes.first() shouldBe "made 10.0.0.4:80"
        }

        "behaviour 39: a failure during another's head start ends that as well" {
            host("10.0.0.1", "10.0.0.2", "10.0.0.3", silent = true)
            reactor().network.unsilence("10.0.0.3")
            server("10.0.0.3")
            val connecting = endpoint().start()
            reactor().advance(300.milliseconds) // the second has 200 ms left
            reactor().network.unsilence("10.0.0.1")
            reactor().flush()
            connecting.called shouldBe true
            notes.shouldContainExactly("made 10.0.0.3:80")
            reactor().network.unsilence("10.0.0.2")
            reactor().await(connecting).transport.loseConnection()
            reactor().flush()
        }

        "the families take turns, beginning with the first answer's" {
            host("2001:db8::1", "2001:db8::2", "2001:db8::3", "10.0.0.1", "10.0.0.2", silent = true)
            reactor().network.unsilence("10.0.0.1")
            server("10.0.0.1")
            endpoint().timeToConnect() shouldBe Duration.ofMillis(250)
            reactor().network.silence("10.0.0.1")
            reactor().network.unsilence("2001:db8::2")
            server("2001:db8::2")
            endpoint().timeToConnect() shouldBe Duration.ofMillis(500)
        }

        "the head start is the user's to choose; less than 10 ms is refused" {
            host("2001:db8::1", "10.0.0.1")
            reactor().network.silence("2001:db8::1")
            server("10.0.0.1")
            endpoint(attemptDelay = Duration.ofMillis(10)).timeToConnect() shouldBe Duration.ofMillis(10)
            shouldThrow<IllegalArgumentException> { ConnectOptions.DEFAULT.withAttemptDelay(Duration.ofMillis(9)) }.message!! shouldContain
                "PT0.01S or more"
        }

        "an address that answers late wins all the same: later attempts do not end earlier ones" {
            host("10.0.0.1", "10.0.0.2", silent = true)
            server("10.0.0.1")
            val connecting = endpoint().start()
            reactor().advance(5.seconds)
            reactor().network.unsilence("10.0.0.1")
            reactor().flush()
            notes.shouldContainExactly("made 10.0.0.1:80")
            reactor().network.unsilence("10.0.0.2")
            reactor().await(connecting).transport.loseConnection()
            reactor().flush()
        }

        "behaviour 39: when all have failed, the failure is the first refusal, which has the others with it" {
            host("2001:db8::1", "10.0.0.1", "10.0.0.2")
            val error = endpoint().tried().error().shouldBeInstanceOf<ConnectionRefusedException>()
            error.destination shouldBe "example.com:80"
            error.cause.shouldBeInstanceOf<ConnectionRefusedException>().destination shouldBe "[2001:db8::1]:80"
            error.suppressed.map { (it as ConnectionRefusedException).destination }.shouldContainExactly("10.0.0.1:80", "10.0.0.2:80")
            reactor().delayedCalls().shouldBeEmpty()
        }

        "of a single address, the failure is its own" {
            host("10.0.0.1")
            val error = endpoint().tried().error().shouldBeInstanceOf<ConnectionRefusedException>()
            error.cause.shouldBeInstanceOf<java.net.ConnectException>()
            error.suppressed.asList().shouldBeEmpty()
        }

        "the time-out is that of the whole, and tells what has failed before" {
            host("10.0.0.1", "10.0.0.2", "10.0.0.3", silent = true)
            reactor().network.unsilence("10.0.0.2")
            val connecting = endpoint(timeout = Duration.ofSeconds(2)).tried()
            reactor().advance(1.999.seconds)
            connecting.shouldBeEmpty()
            reactor().advance(1.milliseconds)
            val error = connecting.error().shouldBeInstanceOf<ConnectTimeoutException>()
            error.suppressed.map { (it as ConnectionRefusedException).destination }.shouldContainExactly("10.0.0.2:80")
            reactor().delayedCalls().shouldBeEmpty()
        }

        "a time-out that comes before the next head start is over leaves no timer behind" {
            host("10.0.0.1", "10.0.0.2", silent = true)
            val connecting = endpoint(timeout = Duration.ofMillis(100)).tried()
            reactor().advance(100.milliseconds)
            connecting.error().shouldBeInstanceOf<ConnectTimeoutException>()
            reactor().delayedCalls().shouldBeEmpty()
        }

        "cancelling the Deferred cancels every attempt, and those that would follow" {
            host("10.0.0.1", "10.0.0.2", "10.0.0.3", silent = true)
            val servers = (1..3).map { server("10.0.0.$it") }
            val connecting = endpoint().start()
            reactor().advance(250.milliseconds)
            connecting.cancel()
            connecting.outcomes().error().shouldBeInstanceOf<ConnectingCancelledException>().destination shouldBe "example.com:80"
            (1..3).forEach { reactor().network.unsilence("10.0.0.$it") }
            reactor().advance(60.seconds)
            servers.map { it.made } shouldBe listOf(0, 0, 0)
            notes.shouldBeEmpty()
        }

        "cancelling it during the look-up is the same; the answer harms nobody" {
            host("10.0.0.1")
            val server = server("10.0.0.1")
            val connecting = endpoint().connect(Factory { Noting(notes) })
            connecting.cancel()
            connecting.outcomes().error().shouldBeInstanceOf<ConnectingCancelledException>()
            reactor().advance(60.seconds)
            server.made shouldBe 0
            reactor().delayedCalls().shouldBeEmpty()
        }

        "a name without an address is a failed look-up" {
            val error = HostnameEndpoint(reactor(), "example.org", 80).tried().error().shouldBeInstanceOf<DnsLookupException>()
            error.host shouldBe "example.org"
            error.destination shouldBe "example.org:80"
            error.cause.shouldBeInstanceOf<UnknownHostException>()
        }

        "TCP4 and TCP6 endpoints try the addresses of their family only" {
            host("2001:db8::1", "10.0.0.1")
            server("2001:db8::1")
            server("10.0.0.1")
            TCP4ClientEndpoint(reactor(), "example.com", 80).timeToConnect()
            TCP6ClientEndpoint(reactor(), "example.com", 80).timeToConnect()
            reactor().flush()
            notes.filter { "made" in it }.shouldContainExactly("made 10.0.0.1:80", "made [2001:db8::1]:80")
            host("2001:db8::1")
            TCP4ClientEndpoint(reactor(), "example.com", 80).tried().error().shouldBeInstanceOf<DnsLookupException>()
        }

        "the address to connect from decides which family is tried" {
            host("2001:db8::1", "10.0.0.1", "10.0.0.2")
            server("2001:db8::1")
            server("10.0.0.2")
            val connection = reactor().await(endpoint(bindAddress = "192.0.2.9").connect(Factory { Noting(notes) })).transport
            connection.peer().toString() shouldBe "10.0.0.2:80"
            connection.host().toString() shouldContain "192.0.2.9:"
            connection.loseConnection()
            endpoint(bindAddress = "2001:db8::9").timeToConnect()
            host("10.0.0.2")
            endpoint(bindAddress = "2001:db8::9").tried().error().shouldBeInstanceOf<DnsLookupException>()
            endpoint(bindAddress = "eth0").tried().error().message!! shouldContain "numeric"
        }

        "a factory without a protocol is asked once, and the connection is closed" {
            host("2001:db8::1", "10.0.0.1")
            val servers = listOf(server("2001:db8::1"), server("10.0.0.1"))
            var asked = 0
            val none =
                object : Factory() {
                    override fun buildProtocol(address: Address): Protocol? {
                        asked++
                        return null
                    }
                }
            val connecting = endpoint().connect(none).outcomes()
            reactor().advance(1.seconds)
            connecting.error().shouldBeInstanceOf<NoProtocolException>()
            asked shouldBe 1
            servers.map { it.made to it.lost } shouldBe listOf(1 to 1, 0 to 0)
        }

        "connectTcp, ClientCreator and strings go the same way" {
            host("2001:db8::1", "10.0.0.1")
            reactor().network.silence("2001:db8::1")
            server("10.0.0.1")
            clientFromString(reactor(), "tcp:example.com:80").timeToConnect() shouldBe Duration.ofMillis(250)
            val created = ClientCreator(reactor()) { Noting(notes) }.connectTcp("example.com", 80)
            reactor().advance(250.milliseconds)
            reactor().await(created).transport.loseConnection()
            reactor().flush()
            notes.filter { "made" in it } shouldHaveSize 2
        }

        "the reactor's stop ends all attempts" {
            host("10.0.0.1", "10.0.0.2", silent = true)
            val connecting = endpoint().tried()
            reactor().advance(250.milliseconds)
            reactor().stop()
            reactor().flush()
            connecting.error().shouldBeInstanceOf<ConnectingCancelledException>()
        }
    })
