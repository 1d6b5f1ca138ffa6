// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.await
import dev.torsion.testkit.CapturedLogs
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsHostNameException
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.tlsSession
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

/** TLS begins on a connection of AMP, on Torsion's own transports. */
class AmpTlsSpec :
    FunSpec({
        val identity = Tls.selfSigned("localhost")
        val responders =
            Responders.builder().onStartTLS { TLSSettings.server(Tls.server(identity)) }.on(Nothings) { Values.EMPTY }.build()
        val client = TLSSettings.client(Tls.client().withTrust(TlsTrust.of(identity)), "localhost")

        test("calls before, meanwhile and afterwards are all answered, in both directions; TLS begins once") {
            scene(responders, responders) {
                this.client.ask(Nothings)
                this.client.transport.tlsSession.shouldBeNull()
                val starting = this.client.startTLS(client)
                val meanwhile = List(3) { this.client.callRemote(Nothings) }
                starting.await()
                meanwhile.forEach { it.await() }
                this.client.transport.tlsSession!!.protocol shouldBe "TLSv1.3"
                server.transport.tlsSession!!.protocol shouldBe "TLSv1.3"
                server.ask(Nothings)
                this.client.ask(Nothings)
                shouldThrow<OnlyOneTLSException> { this.client.startTLS(client).await() }
            }
        }

        test("a handshake that fails ends the connection, and the calls say why") {
            scene(responders) {
                val wrong = TLSSettings.client(Tls.client().withTrust(TlsTrust.of(identity)), "example.com")
                val starting = this.client.startTLS(wrong)
                val call = this.client.callRemote(Nothings)
                starting.await()
                val lost = shouldThrow<AmpConnectionLost> { call.await() }
                lost.reason.cause.shouldBeInstanceOf<TlsHostNameException>()
            }
        }

        test("the side that asks is TLS's client, and the other its server: settings of the other kind are refused") {
            CapturedLogs.start().use { logs ->
                val asked = Responders.builder().onStartTLS { client }.on(Nothings) { Values.EMPTY }.build()
                scene(asked) {
                    shouldThrow<TLSNotAvailableException> { this.client.startTLS(TLSSettings.server(Tls.server(identity))).await() }
                    this.client.ask(Nothings)
                    shouldThrow<UnknownRemoteException> { this.client.startTLS(client).await() }
                    logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
                }
            }
        }
    })
