// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.tlsSession
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import kotlin.time.Duration.Companion.seconds

/** The voices of startTLS and switchProtocol: coroutines, and who stops waiting at each moment. */
class ChangesVoicesSpec :
    FunSpec({
        val identity = Tls.selfSigned("localhost")
        val settings = TLSSettings.client(Tls.client().withTrust(TlsTrust.of(identity)), "localhost")
        val secure =
            Responders.builder().onStartTLS { TLSSettings.server(Tls.server(identity)) }.on(Nothings) { Values.EMPTY }.build()
        val greeting = ShoutSwitch.greeting("hi")

        test("TLS for coroutines: begun, and refused") {
            scene(secure) {
                client.awaitStartTLS(settings)
                client.ask(Nothings)
                client.transport.tlsSession!!.protocol shouldBe "TLSv1.3"
                shouldThrow<OnlyOneTLSException> { client.awaitStartTLS(settings) }
            }
            scene(Responders.builder().on(Nothings) { Values.EMPTY }.build()) {
                shouldThrow<UnhandledCommandException> { client.awaitStartTLS(settings) }
                client.ask(Nothings)
                client.transport.tlsSession.shouldBeNull()
            }
        }

        test("another protocol for coroutines: it takes over, and is refused") {
            val theirs = Quiet()
            scene(Responders.builder().onSwitch(ShoutSwitch) { theirs }.build()) {
                val ours = Quiet()
                shouldThrow<InvalidSignatureException> { client.awaitSwitchProtocol(ShoutSwitch, Factory { ours }) }
                client.awaitSwitchProtocol(ShoutSwitch, Factory { ours }, greeting)
                (ours.made to theirs.made) shouldBe (1 to 1)
                shouldThrow<ProtocolSwitchedException> { client.ask(Nothings) }
            }
            scene(Responders.builder().onSwitch(ShoutSwitch) { throw ArithmeticException("no") }.on(Nothings) { Values.EMPTY }.build()) {
                val ours = Quiet()
                shouldThrow<ArithmeticException> { client.awaitSwitchProtocol(ShoutSwitch, Factory { ours }, greeting) }
                client.ask(Nothings)
                ours.made shouldBe 0
            }
        }

        for (voice in Voice.entries) {
            test("$voice of TLS, cancelled after each number of turns: both sides have TLS, or neither, and go on") {
                var begun = 0
                for (turns in 0..MOST_TURNS) {
                    withClue("after $turns turns") {
                        scene(secure, secure) {
                            val cancel = voice.startTLS(this, settings)
                            repeat(turns) { yield() }
                            cancel()
                            client.ask(Nothings)
                            server.ask(Nothings)
                            val sessions = listOf(client, server).map { it.transport.tlsSession != null }
                            sessions.distinct().size shouldBe 1
                            if (sessions.first()) begun++
                            if (sessions.first()) {
                                shouldThrow<OnlyOneTLSException> { client.awaitStartTLS(settings) }
                            } else {
                                client.awaitStartTLS(settings)
                            }
                            client.waitingCalls shouldBe 0
                        }
                    }
                }
                (begun > 0) shouldBe true
            }

            test("$voice of a switch, cancelled after each number of turns: both sides have the other protocol, or neither") {
                var switched = 0
                for (turns in 0..MOST_TURNS) {
                    withClue("after $turns turns") {
                        val theirs = Quiet()
                        val ours = Quiet()
                        scene(Responders.builder().onSwitch(ShoutSwitch) { theirs }.on(Nothings) { Values.EMPTY }.build()) {
                            val cancel = voice.switchTo(this, Factory { ours }, greeting)
                            repeat(turns) { yield() }
                            cancel()
                            delay(5.seconds)
                            ours.made shouldBe theirs.made
                            if (ours.made == 0) client.ask(Nothings) else switched++
                            client.waitingCalls shouldBe 0
                        }
                    }
                }
                (switched > 0) shouldBe true
            }
        }
    }) {
    /** Each begins, and gives the way to cancel it. */
    private enum class Voice {
        DEFERRED {
            override fun startTLS(scene: Scene, settings: TLSSettings) = scene.client.startTLS(settings).addErrback { Values.EMPTY }::cancel

            override fun switchTo(scene: Scene, factory: Factory, greeting: ArgumentValue) =
                scene.client.switchProtocol(ShoutSwitch, factory, greeting).addErrback { Values.EMPTY }::cancel
        },
        FUTURE {
            override fun startTLS(scene: Scene, settings: TLSSettings): () -> Unit =
                scene.client.startTLSAsync(settings).let { { it.cancel(true) } }

            override fun switchTo(scene: Scene, factory: Factory, greeting: ArgumentValue): () -> Unit =
                scene.client.switchProtocolAsync(ShoutSwitch, factory, greeting).let { { it.cancel(true) } }
        },
        SUSPEND {
            override fun startTLS(scene: Scene, settings: TLSSettings): () -> Unit =
                scene.scope.launch { scene.client.awaitStartTLS(settings) }.let { { it.cancel(null) } }

            override fun switchTo(scene: Scene, factory: Factory, greeting: ArgumentValue): () -> Unit =
                scene.scope.launch { scene.client.awaitSwitchProtocol(ShoutSwitch, factory, greeting) }.let { { it.cancel(null) } }
        }, ;

        abstract fun startTLS(scene: Scene, settings: TLSSettings): () -> Unit

        abstract fun switchTo(scene: Scene, factory: Factory, greeting: ArgumentValue): () -> Unit
    }

    private class Quiet : Protocol() {
        var made = 0

        override fun connectionMade() {
            made++
        }
    }

    private companion object {
        const val MOST_TURNS = 20
    }
}
