// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.NotTlsException
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsAlert
import dev.torsion.tls.TlsAlertException
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsExpiredException
import dev.torsion.tls.TlsHandshakeEndedException
import dev.torsion.tls.TlsHostNameException
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsMismatchException
import dev.torsion.tls.TlsNameUnknownException
import dev.torsion.tls.TlsPin
import dev.torsion.tls.TlsPinException
import dev.torsion.tls.TlsTimeoutException
import dev.torsion.tls.TlsTruncatedException
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.TlsUntrustedException
import dev.torsion.tls.TlsViolationException
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import java.time.Instant

/** A failure says who has refused whom, why, and what can be done. */
class TlsErrorsSpec :
    StringSpec({
        "a certificate for other names: the client says which, and the server hears the alert" {
            TlsScene.run {
                val identity = Tls.selfSigned("www.example.org", "192.0.2.7")
                val attempt = connect(listen(Tls.server(identity)), trusting(identity), "example.com")
                reactor.flush()
                val failure = attempt.tlsFailure.shouldBeInstanceOf<TlsHostNameException>()
                failure.by shouldBe ClosedBy.US
                failure.expected shouldBe "example.com"
                failure.names shouldContainExactly listOf("www.example.org", "192.0.2.7")
                failure.message shouldBe "The certificate of example.com is for www.example.org, 192.0.2.7, and not for example.com."
                attempt.failure.shouldBeInstanceOf<TlsConnectException>().message shouldContain "127.0.0.1:"
                attempt.noting shouldBe null
                val theirs = failures.single().shouldBeInstanceOf<TlsAlertException>()
                theirs.alert shouldBe TlsAlert.CERTIFICATE_UNKNOWN
                theirs.by shouldBe ClosedBy.PEER
                theirs.message shouldContain "certificate_unknown: it does not accept our certificate"
                served.shouldBeEmpty()
            }
        }

        "an address is compared with addresses, not with names" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY))
                val good = listOf("127.0.0.1", "::1", "[::1]", "LOCALHOST", "localhost.").map { connect(port, trusting(), it) }
                val bad = connect(port, trusting(), "127.0.0.2")
                reactor.flush()
                good.map { it.failure?.message } shouldContainExactly good.map { null }
                bad.tlsFailure.shouldBeInstanceOf<TlsHostNameException>().expected shouldBe "127.0.0.2"
            }
        }

        "an international name is compared in ASCII, and a wildcard stands for one label" {
            TlsScene.run {
                val identity = Tls.selfSigned("bücher.example", "*.example.net")
                val port = listen(Tls.server(identity))
                val good = listOf("bücher.example", "BÜCHER.example", "www.example.net").map { connect(port, trusting(identity), it) }
                val bad = listOf("example.net", "a.b.example.net").map { connect(port, trusting(identity), it) }
                reactor.flush()
                good.map { it.failure?.message } shouldContainExactly good.map { null }
                bad.map { it.tlsFailure?.javaClass } shouldContainExactly bad.map { TlsHostNameException::class.java }
            }
        }

        "an expired certificate: since when" {
            TlsScene.run {
                val from = Instant.now().minus(Duration.ofDays(10))
                val identity = TlsIdentity.selfSigned(listOf("localhost"), Duration.ofDays(3), from)
                val attempt = connect(listen(Tls.server(identity)), trusting(identity))
                reactor.flush()
                val failure = attempt.tlsFailure.shouldBeInstanceOf<TlsExpiredException>()
                failure.message shouldContain "expired on ${failure.notAfter}, 7 days ago"
                failures.single().shouldBeInstanceOf<TlsAlertException>().message shouldContain "certificate"
            }
        }

        "a certificate that is not valid yet" {
            TlsScene.run {
                val identity = TlsIdentity.selfSigned(listOf("localhost"), Duration.ofDays(3), Instant.now().plus(Duration.ofDays(4)))
                val attempt = connect(listen(Tls.server(identity)), trusting(identity))
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsExpiredException>().message shouldContain "is valid from"
            }
        }

        "nobody that is trusted has signed it" {
            TlsScene.run {
                val attempt = connect(listen(Tls.server(IDENTITY)), trusting(Tls.selfSigned("localhost")))
                val withSystem = connect(listen(Tls.server(IDENTITY)), Tls.client())
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsUntrustedException>().message shouldContain "is signed by itself"
                withSystem.tlsFailure.shouldBeInstanceOf<TlsUntrustedException>().chain.single() shouldBe IDENTITY.certificate
            }
        }

        "a pinned key has to be in the chain" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY))
                val good = connect(port, trusting().withPins(TlsPin.of(IDENTITY.certificate)))
                val other = TlsPin.of(Tls.selfSigned("localhost").certificate)
                val bad = connect(port, trusting().withPins(other))
                reactor.flush()
                good.failure shouldBe null
                bad.tlsFailure.shouldBeInstanceOf<TlsPinException>().pins shouldContainExactly listOf(TlsPin.of(IDENTITY.certificate))
            }
        }

        "a client that speaks plain text" {
            TlsScene.run {
                val client = connectPlain(listen(Tls.server(IDENTITY)), Noting({ write("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n") }))
                val failure = failures.single().shouldBeInstanceOf<NotTlsException>()
                failure.message shouldContain "The client speaks plain text on a port that expects TLS: it began with \"GET / HTTP/1.1"
                failure.beginning shouldContain "GET / HTTP/1.1"
                client.reason.shouldBeInstanceOf<Any>()
                served.shouldBeEmpty()
            }
        }

        "a client hello of empty records is refused at the first of them" {
            TlsScene.run {
                val empty = byteArrayOf(22, 3, 1, 0, 0)
                val port = listen(Tls.server(IDENTITY).withIdentity(Tls.selfSigned("other.example")))
                val client = connectPlain(port, Noting({ repeat(1000) { transport.write(empty) } }))
                reactor.flush()
                failures.single().shouldBeInstanceOf<TlsViolationException>().message shouldContain "a record without content"
                (client.reason != null) shouldBe true
                reactor.network.connections shouldBe 0
            }
        }

        "a server that speaks plain text" {
            TlsScene.run {
                val attempt = connect(listenPlain { Noting({ write("220 mail.example.com ESMTP\r\n") }) })
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<NotTlsException>().message shouldContain
                    "The server localhost does not speak TLS on this port: it began with \"220 mail.example.com ESMTP"
            }
        }

        "a server that ends the connection at once" {
            TlsScene.run {
                val attempt = connect(listenPlain { Noting(onData = { transport.loseConnection() }) })
                val reset = connect(listenPlain { Noting(onData = { transport.abortConnection() }) })
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsHandshakeEndedException>().message shouldContain "It may not speak TLS"
                reset.tlsFailure.shouldBeInstanceOf<TlsHandshakeEndedException>().message shouldContain "It may not speak TLS"
            }
        }

        "no version in common" {
            TlsScene.run {
                val attempt = connect(listen(Tls.server(IDENTITY).withVersions("TLSv1.3")), trusting().withVersions("TLSv1.2"))
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsAlertException>().alert shouldBe TlsAlert.PROTOCOL_VERSION
                failures.single().shouldBeInstanceOf<TlsMismatchException>().message shouldContain "TLSv1.3"
            }
        }

        "no cipher in common" {
            TlsScene.run {
                val attempt =
                    connect(
                        listen(Tls.server(IDENTITY).withCipherSuites("TLS_AES_128_GCM_SHA256")),
                        trusting().withCipherSuites("TLS_AES_256_GCM_SHA384"),
                    )
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsAlertException>().alert shouldBe TlsAlert.HANDSHAKE_FAILURE
                failures.single().shouldBeInstanceOf<TlsMismatchException>()
            }
        }

        "no application protocol in common" {
            TlsScene.run {
                val attempt =
                    connect(listen(Tls.server(IDENTITY).withApplicationProtocols("h2")), trusting().withApplicationProtocols("http/1.1"))
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsAlertException>().alert shouldBe TlsAlert.NO_APPLICATION_PROTOCOL
                failures.single().shouldBeInstanceOf<TlsMismatchException>().message shouldContain "speaks h2"
            }
        }

        for (version in listOf("TLSv1.3", "TLSv1.2")) {
            "a client without the certificate that is asked for, by $version" {
                TlsScene.run {
                    val server = Tls.server(IDENTITY).withVersions(version).withClientTrust(TlsTrust.of(IDENTITY))
                    val attempt = connect(listen(server))
                    reactor.flush()
                    failures.single().shouldBeInstanceOf<TlsMismatchException>().message shouldContain "was asked for a certificate"
                    // With TLS 1.3 the client is done before the server has looked.
                    val told = attempt.tlsFailure ?: attempt.noting!!.reason?.cause
                    told.shouldBeInstanceOf<TlsAlertException>()
                }
            }
        }

        "a client whose certificate is not trusted" {
            TlsScene.run {
                val stranger = Tls.selfSigned("stranger.example")
                val attempt =
                    connect(listen(Tls.server(IDENTITY).withClientTrust(TlsTrust.of(IDENTITY))), trusting().withIdentity(stranger))
                reactor.flush()
                failures.single().shouldBeInstanceOf<TlsUntrustedException>().message shouldContain "The certificate of the client"
                val reason = attempt.noting!!.reason.shouldBeInstanceOf<ConnectionLost>()
                reason.cause.shouldBeInstanceOf<TlsAlertException>().by shouldBe ClosedBy.PEER
            }
        }

        "a name that the server does not have" {
            TlsScene.run {
                val server = Tls.server(IDENTITY).withIdentityChooser { throw NoSuchElementException("no host ${it.serverName} here") }
                val attempt = connect(listen(server), trusting(), "other.example")
                reactor.flush()
                attempt.tlsFailure.shouldBeInstanceOf<TlsAlertException>().alert shouldBe TlsAlert.UNRECOGNIZED_NAME
                val failure = failures.single().shouldBeInstanceOf<TlsNameUnknownException>()
                failure.serverName shouldBe "other.example"
                failure.message shouldContain "no host other.example here"
            }
        }

        "a handshake that takes too long" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY).withHandshakeTimeout(Duration.ofSeconds(5)))
                val silent = connectPlain(port)
                val attempt = connect(listenPlain { Noting() })
                reactor.flush()
                reactor.advance(Duration.ofSeconds(4))
                failures.shouldBeEmpty()
                silent.reason shouldBe null
                reactor.advance(Duration.ofSeconds(1))
                failures.single().shouldBeInstanceOf<TlsTimeoutException>().timeout shouldBe Duration.ofSeconds(5)
                (silent.reason != null) shouldBe true
                attempt.failure shouldBe null
                reactor.advance(Duration.ofSeconds(25))
                attempt.tlsFailure.shouldBeInstanceOf<TlsTimeoutException>().timeout shouldBe Duration.ofSeconds(30)
                reactor.network.connections shouldBe 0
            }
        }

        "a stream that is cut is no clean end" {
            TlsScene.run {
                val between = Between(this, listen(Tls.server(IDENTITY)))
                val attempt = connect(between.port)
                reactor.flush()
                attempt.noting!!.write("half of a mess")
                reactor.flush()
                between.front.transport.loseConnection()
                reactor.flush()
                val reason = attempt.noting!!.reason.shouldBeInstanceOf<ConnectionLost>()
                reason.cause.shouldBeInstanceOf<TlsTruncatedException>()
                reason.isClean shouldBe false
                reason.message shouldContain "may be cut short"
                served.single().received shouldBe "half of a mess"
            }
        }

        "bytes that were changed on the way end the connection, and what was good before has arrived" {
            TlsScene.run {
                val between = Between(this, listen(Tls.server(IDENTITY)))
                val attempt = connect(between.port)
                reactor.flush()
                attempt.noting!!.write("good")
                reactor.flush()
                between.changing = true
                attempt.noting!!.write("bad")
                reactor.flush()
                served.single().received shouldBe "good"
                served.single().reason!!.cause.shouldBeInstanceOf<TlsViolationException>()
                attempt.noting!!.reason!!.cause.shouldBeInstanceOf<TlsAlertException>().alert shouldBe TlsAlert.BAD_RECORD_MAC
            }
        }

        "what refuses the other side is an abort of ours" {
            TlsScene.run {
                val attempt = connect(listen(Tls.server(IDENTITY)), trusting(), "example.com") // it is closed by us
                reactor.flush()
                attempt.tlsFailure!!.by shouldBe ClosedBy.US
                val plain = listen(Tls.server(IDENTITY)) { Noting() }
                val client = connect(plain)
                reactor.flush()
                client.noting!!.transport.abortConnection(TlsException("enough"))
                reactor.flush()
                client.noting!!.reason.shouldBeInstanceOf<ConnectionAborted>()
            }
        }
    })

/** Somebody between a client and the server at [target], who passes bytes on and may change them. */
internal class Between(scene: TlsScene, target: dev.torsion.net.ListeningPort) {
    lateinit var front: Noting
    lateinit var back: Noting
    var changing = false
    private val early = ArrayList<ByteArray>()

    /** Changes what the client sends. */
    var spoil: (ByteArray) -> ByteArray = { it }

    /** The bytes that have passed, from the client and from the server. */
    val forward = ArrayList<ByteArray>()
    val backward = ArrayList<ByteArray>()

    val port = scene.listenPlain {
        back =
            Noting({ early.forEach(transport::write) }) {
                backward.add(it)
                front.transport.write(it)
            }.also { ending -> ending.onEnd = { if (front.isConnected) front.transport.loseConnection() } }
        front =
            Noting({ scene.connectPlainLater(target, back) }) { sent ->
                val data = spoil(sent)
                forward.add(data)
                if (changing) data[data.size - 1] = (data.last() + 1).toByte()
                if (back.isConnected) back.transport.write(data) else early.add(data)
            }.also { ending -> ending.onEnd = { if (back.isConnected) (back.transport as HalfCloseableTransport).loseWriteConnection() } }
        front
    }
}

private fun TlsScene.connectPlainLater(port: dev.torsion.net.ListeningPort, protocol: Noting) {
    reactor.connectTcp("127.0.0.1", port.port(), dev.torsion.net.ClientFactory { protocol }.apply { isNoisy = false })
}
