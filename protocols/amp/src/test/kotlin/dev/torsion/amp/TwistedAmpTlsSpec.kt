// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.await
import dev.torsion.net.Factory
import dev.torsion.testsupport.RealTwisted
import dev.torsion.testsupport.withRealReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.tlsSession
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.math.BigInteger

/** Real Twisted on the other side, and TLS that begins in the middle. The program is src/test/python/twisted_amp_tls.py. */
class TwistedAmpTlsSpec :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { RealTwisted.isHere })

        val identity = Tls.selfSigned("localhost", "127.0.0.1")
        val trust = TlsTrust.of(identity)
        val pem = tempfile("amp", ".pem").apply { writeText(identity.toPem()) }
        val client = TLSSettings.client(Tls.client().withTrust(trust).withIdentity(identity), "localhost")
        val server = TLSSettings.server(Tls.server(identity).withClientTrust(trust))
        val answering =
            Responders
                .builder()
                .onStartTLS { server }
                .on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }
                .onDeferred(Ask) { request ->
                    request.amp.callRemote(Sum, Sum.a(BigInteger.valueOf(request[Ask.number])), Sum.b(BigInteger.ONE))
                        .addCallback { valuesOf(Ask.answer(it[Sum.total])) }
                }.build()

        test("Twisted's server begins TLS when we ask, and both sides have shown their certificates") {
            twisted.withServer("twisted_amp_tls.py", "server", "$pem") { ports ->
                withRealReactor {
                    val amp = connectAMP("tcp:127.0.0.1:${ports.getValue("amp")}", answering)
                    amp.ask(Sum, Sum.a(BigInteger.ONE), Sum.b(BigInteger.TWO))[Sum.total] shouldBe BigInteger.valueOf(3)
                    val begun = amp.startTLS(client)
                    val meanwhile = amp.callRemote(Sum, Sum.a(BigInteger.TEN), Sum.b(BigInteger.TWO))
                    begun.await()
                    meanwhile.await()[Sum.total] shouldBe BigInteger.valueOf(12)
                    amp.transport.tlsSession!!.peerCertificates shouldContainExactly listOf(identity.certificate)
                    amp.ask(Ask, Ask.number(41))[Ask.answer] shouldBe BigInteger.valueOf(42)
                    amp.close()
                }
            }
        }

        test("our server begins TLS when Twisted asks") {
            withRealReactor {
                val served = ArrayList<AMP>()
                val port = listenTcp(0, Factory { AMP(answering).also(served::add) }, "127.0.0.1")
                deferToThread { twisted.output("twisted_amp_tls.py", "client", "$pem", "${port.port()}") }.await().trim() shouldBe "ok"
                served.size shouldBe 1
            }
        }
    })
