// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.defer.Deferred
import dev.torsion.net.ConnectionDone
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.ClientHello
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsIdentityFiles
import dev.torsion.tls.TlsTrust
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import java.time.Instant
import kotlin.io.path.div
import kotlin.io.path.setLastModifiedTime
import kotlin.io.path.writeText

/** The features that servers and clients can agree on. */
class TlsFeaturesSpec :
    StringSpec({
        "the best application protocol of the server that the client speaks is chosen" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY).withApplicationProtocols("h2", "http/1.1"))
                val both = connect(port, trusting().withApplicationProtocols("http/1.1", "h2"))
                val none = connect(port)
                reactor.flush()
                both.noting!!.session!!.applicationProtocol shouldBe "h2"
                none.noting!!.session!!.applicationProtocol shouldBe null
                served.map { it.session!!.applicationProtocol } shouldContainExactly listOf("h2", null)
            }
        }

        "the name that a client asks for chooses the certificate" {
            TlsScene.run {
                val other = Tls.selfSigned("other.example", "*.wild.example")
                val port = listen(Tls.server(IDENTITY).withIdentity(other))
                val seen =
                    listOf("localhost" to IDENTITY, "other.example" to other, "OTHER.example." to other, "a.wild.example" to other)
                        .map { (name, identity) -> connect(port, trusting(identity), name) }
                reactor.flush()
                seen.map { it.failure?.message } shouldContainExactly seen.map { null }
                served.map { it.session!!.serverName } shouldContainExactlyInAnyOrder
                    listOf("localhost", "other.example", "other.example", "a.wild.example")
                seen.last().noting!!.session!!.peerCertificates.single() shouldBe other.certificate
            }
        }

        "a chooser may take its time, and is cancelled with the connection" {
            TlsScene.run {
                val asked = ArrayList<ClientHello>()
                val answers = ArrayList<Deferred<TlsIdentity>>()
                var cancelled = 0
                val port =
                    listen(
                        Tls.server(IDENTITY).withIdentityChooser {
                            asked.add(it)
                            Deferred<TlsIdentity> { cancelled++ }.also(answers::add)
                        },
                    )
                val client = trusting().withApplicationProtocols("h2")
                val first = connect(port, client)
                val second = connect(port, client)
                reactor.flush()
                asked.map { it.serverName } shouldContainExactly listOf("localhost", "localhost")
                asked.first().applicationProtocols shouldContainExactly listOf("h2")
                first.noting shouldBe null
                answers.first().callback(IDENTITY)
                reactor.flush()
                first.noting!!.session shouldNotBe null
                second.connector.disconnect()
                reactor.flush()
                cancelled shouldBe 1
                reactor.network.connections shouldBe 1
            }
        }

        "a client shows its certificate when it is asked" {
            TlsScene.run {
                val me = Tls.selfSigned("me.example")
                val port = listen(Tls.server(IDENTITY).withClientTrust(TlsTrust.of(me)))
                val optional = listen(Tls.server(IDENTITY).withClientTrust(TlsTrust.of(me), isNeeded = false))
                connect(port, trusting().withIdentity(me))
                reactor.flush()
                connect(optional)
                reactor.flush()
                served.map { it.session!!.peerCertificates.firstOrNull() } shouldContainExactly listOf(me.certificate, null)
                failures.shouldBeEmpty()
            }
        }

        for (version in listOf("TLSv1.3", "TLSv1.2")) {
            "the second connection with a server resumes, by $version" {
                TlsScene.run {
                    val port = listen(Tls.server(IDENTITY).withVersions(version), { Noting({ write("hello") }) })
                    val client = trusting()
                    val sessions =
                        List(2) {
                            val attempt = connect(port, client)
                            reactor.flush() // TLS 1.3 sends its ticket behind the handshake
                            attempt.noting!!.transport.loseConnection()
                            reactor.flush()
                            created(attempt)
                        }
                    sessions[1] shouldBe sessions[0]
                }
            }
        }

        "a certificate that was renewed is shown to the next client, and a broken file leaves the old one" {
            val folder = tempdir().toPath()
            val file = folder / "server.pem"
            file.writeText(IDENTITY.toPem())
            file.setLastModifiedTime(java.nio.file.attribute.FileTime.fromMillis(1))
            val files = TlsIdentityFiles(file)
            TlsScene.run {
                val port = listen(Tls.server(files))
                val first = connect(port)
                reactor.flush()
                files.watch(reactor, Duration.ofMinutes(1))
                val renewed = Tls.selfSigned("localhost")
                file.writeText(renewed.toPem())
                reactor.advance(Duration.ofMinutes(1))
                val second = connect(port, trusting(renewed))
                reactor.flush()
                first.noting!!.session!!.peerCertificates.single() shouldBe IDENTITY.certificate
                second.noting!!.session!!.peerCertificates.single() shouldBe renewed.certificate
                file.writeText("nonsense")
                file.setLastModifiedTime(java.nio.file.attribute.FileTime.from(Instant.now().plusSeconds(5)))
                shouldThrow<java.io.IOException> { files.reload() }
                files.get().certificate shouldBe renewed.certificate
            }
        }

        "the defaults: TLS 1.3 and 1.2, and only ciphers with forward secrecy that authenticate what they encrypt" {
            val engines = Counted()
            TlsScene.run {
                connect(listen(Tls.server(IDENTITY).withEngines(engines)), trusting().withEngines(engines))
                reactor.flush()
                served.single().session!!.protocol shouldBe "TLSv1.3"
                engines.made.size shouldBe 2
                for (engine in engines.made) {
                    engine.enabledProtocols.toList() shouldContainExactlyInAnyOrder listOf("TLSv1.3", "TLSv1.2")
                    engine.enabledCipherSuites.toList() shouldContainExactly
                        listOf(
                            "TLS_AES_128_GCM_SHA256",
                            "TLS_AES_256_GCM_SHA384",
                            "TLS_CHACHA20_POLY1305_SHA256",
                            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                        )
                }
                engines.made.single { it.useClientMode }.sslParameters.endpointIdentificationAlgorithm shouldBe "HTTPS"
                served.single().transport.loseConnection()
                reactor.flush()
                engines.released.size shouldBe 2
            }
        }

        "without the check of the name, the certificate still has to be trusted" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY))
                val good = connect(port, trusting().withoutNameCheck(), "example.com")
                val named = connect(port, trusting().withServerName("localhost"), "example.com")
                val bad = connect(port, Tls.client().withoutNameCheck(), "example.com")
                reactor.flush()
                good.failure shouldBe null
                named.failure shouldBe null
                bad.tlsFailure shouldNotBe null
            }
        }

        "small writes of one turn are one record" {
            TlsScene.run {
                val between = Between(this, listen(Tls.server(IDENTITY)))
                val attempt = connect(between.port)
                reactor.flush()
                val before = between.forward.size
                repeat(1000) { attempt.noting!!.write("0123456789") }
                reactor.flush()
                served.single().received.length shouldBe 10_000
                val bytes = between.forward.drop(before).reduce(ByteArray::plus)
                bytes.size shouldBe 5 + java.nio.ByteBuffer.wrap(bytes).getShort(3) // the header says how long the record is
            }
        }

        "both sides say goodbye" {
            TlsScene.run {
                val between = Between(this, listen(Tls.server(IDENTITY).withVersions("TLSv1.2")))
                val attempt = connect(between.port)
                reactor.flush()
                val before = between.forward.size to between.backward.size
                attempt.noting!!.transport.loseConnection()
                reactor.flush()
                val alert: Byte = 21
                between.forward.drop(before.first).map { it.first() } shouldContainExactly listOf(alert)
                between.backward.drop(before.second).map { it.first() } shouldContainExactly listOf(alert)
                served.single().reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                attempt.noting!!.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
            }
        }
    })

/** When the session of [attempt] began: one that is resumed is as old as the first. */
private fun created(attempt: Attempt): List<Any> =
    listOf(attempt.noting!!.session!!.peerCertificates.single(), attempt.noting!!.session!!.created)
