// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.amp.AMP
import dev.torsion.amp.AmpTypes
import dev.torsion.amp.Arguments
import dev.torsion.amp.Command
import dev.torsion.amp.ProtocolSwitchCommand
import dev.torsion.amp.Responders
import dev.torsion.amp.TLSSettings
import dev.torsion.amp.UnhandledCommandException
import dev.torsion.amp.connectAMP
import dev.torsion.amp.valuesOf
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.testkit.runReactorTest
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.tlsSession
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import kotlin.time.Duration.Companion.seconds

/** The Kotlin of docs/guide/amp.md. */
class AmpSpec :
    StringSpec({
        "commands are asked in a coroutine and with callbacks, and answered on both sides" {
            runReactorTest {
                val reactor = this
                val serves =
                    Responders
                        .builder()
                        .on(Divide) {
                            if (it[Divide.denominator] == 0L) throw ArithmeticException("division by zero")
                            valuesOf(Divide.result(it[Divide.numerator].toDouble() / it[Divide.denominator]))
                        }.onSuspend(Greet) { request ->
                            delay(1.seconds)
                            val name = request.amp.ask(WhoAreYou)[WhoAreYou.name]
                            valuesOf(Greet.text("Hello, $name"))
                        }.build()
                val port = reactor.listenTcp(0, Factory { AMP(serves) }, "127.0.0.1").port()

                val answers = Responders.builder().on(WhoAreYou) { valuesOf(WhoAreYou.name("Ada")) }.build()
                val amp = reactor.connectAMP("tcp:127.0.0.1:$port", answers)
                amp.ask(Divide, Divide.numerator(1), Divide.denominator(4))[Divide.result] shouldBe 0.25
                amp.ask(Greet)[Greet.text] shouldBe "Hello, Ada"
                amp.close()

                val said = ArrayList<Any?>()
                AMP.open(clientFromString(reactor, "tcp:127.0.0.1:$port"))
                    .addAsyncCallback { it.callRemote(Divide, Divide.numerator(1), Divide.denominator(0)) }
                    .addCallbacks({ answer -> said.add(answer[Divide.result]) }, { failure -> said.add(failure.errorMessage) })
                    .await()
                said shouldBe listOf("division by zero")
            }
        }

        "a list of rows" {
            val trip = valuesOf(Trip.to("Berlin"), Trip.seats(4))
            trip[Trip.platform] shouldBe null
            val trips = AmpTypes.ampList(Trip)
            trips.decode(trips.encode(listOf(trip))) shouldBe listOf(trip)
        }

        "a connection goes over to another protocol" {
            runReactorTest {
                val responders = Responders.builder().onSwitch(ToShout) { Shouting() }.build()
                val port = listenTcp(0, Factory { AMP(responders) }, "127.0.0.1").port()
                val amp = connectAMP("tcp:127.0.0.1:$port")
                val hears = Hears()
                amp.awaitSwitchProtocol(ToShout, Factory { hears })
                hears.transport.write("hello".toByteArray())
                hears.heard.await() shouldBe "HELLO"
                amp.close()
            }
        }

        "TLS begins in the middle of a connection" {
            val identity = Tls.selfSigned("localhost")
            val trust = TlsTrust.of(identity)
            runReactorTest {
                val responders = Responders.builder().onStartTLS { TLSSettings.server(Tls.server(identity)) }.build()
                val port = listenTcp(0, Factory { AMP(responders) }, "127.0.0.1").port()
                val amp = connectAMP("tcp:127.0.0.1:$port")
                amp.awaitStartTLS(TLSSettings.client(Tls.client().withTrust(trust), "localhost"))
                shouldThrow<UnhandledCommandException> { amp.ask(Divide, Divide.numerator(1), Divide.denominator(1)) }
                amp.transport.tlsSession!!.protocol shouldBe "TLSv1.3"
                amp.close()
            }
        }
    })

private object Divide : Command("Divide") {
    val numerator = argument("numerator", AmpTypes.LONG)
    val denominator = argument("denominator", AmpTypes.LONG)
    val result = response("result", AmpTypes.FLOAT)

    init {
        error("ZERO_DIVISION", ArithmeticException::class.java, ::ArithmeticException)
    }
}

private object Greet : Command("Greet") {
    val text = response("text", AmpTypes.UNICODE)
}

private object WhoAreYou : Command("WhoAreYou") {
    val name = response("name", AmpTypes.UNICODE)
}

private object Trip : Arguments() {
    val to = argument("to", AmpTypes.UNICODE)
    val seats = argument("seats", AmpTypes.INT)
    val platform = optionalArgument("platform", AmpTypes.UNICODE)
}

private object ToShout : ProtocolSwitchCommand("ToShout")

private class Shouting : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data.decodeToString().uppercase().toByteArray())
}

private class Hears : Protocol() {
    val heard = Deferred<String>()

    override fun dataReceived(data: ByteArray) = heard.callback(data.decodeToString())
}
