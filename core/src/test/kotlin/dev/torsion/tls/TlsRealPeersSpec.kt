// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

private class Answering(private val answer: (String) -> String, private val reasons: LinkedBlockingQueue<CloseReason>) : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(answer(String(data)).toByteArray())

    override fun connectionLost(reason: CloseReason) {
        reasons.add(reason)
    }
}

private class Talking(private val first: String) : Protocol() {
    val lines = LinkedBlockingQueue<String>()
    val lost = CompletableFuture<CloseReason>()
    var session: TlsSession? = null
    var onLine: Talking.(String) -> Unit = {}

    override fun connectionMade() {
        session = transport.tlsSession
        transport.write(first.toByteArray())
    }

    override fun dataReceived(data: ByteArray) {
        val line = String(data).trim()
        lines.add(line)
        onLine(line)
    }

    override fun connectionLost(reason: CloseReason) {
        lost.complete(reason)
    }

    fun line(): String = lines.poll(SECONDS, TimeUnit.SECONDS) ?: error("no answer")
}

/** TLS with those who are not us: openssl, curl and real Twisted. */
class TlsRealPeersSpec :
    StringSpec({
        val openssl = whereRuns("openssl", "version")
        val curl = whereRuns("curl", "--version")
        val twisted = whereRuns("/usr/bin/python3", "-c", "import twisted, OpenSSL, service_identity")
        val identity = TlsIdentity.fromPem(file("ec.key"), file("ec.pem"), file("mid.pem"))
        val trust = TlsTrust.fromPem(file("ca.pem"))

        fun withReactor(test: (Reactor) -> Unit) {
            val reactor = Reactor.create()
            reactor.start()
            try {
                test(reactor)
            } finally {
                reactor.stopAndJoin(Duration.ofSeconds(SECONDS))
            }
        }

        class Serving(reactor: Reactor, tls: TlsServerOptions, answer: (String) -> String) {
            val reasons = LinkedBlockingQueue<CloseReason>()
            val failures = LinkedBlockingQueue<TlsException>()
            val port: Int

            init {
                val opened = CompletableFuture<Int>()
                reactor.callFromThread {
                    val options = tls.withFailureListener { _, reason -> failures.add(reason) }
                    opened.complete(reactor.listenTls(0, Factory { Answering(answer, reasons) }, options, "127.0.0.1").port())
                }
                port = opened.get(SECONDS, TimeUnit.SECONDS)
            }
        }

        for (version in listOf("tls1_2", "tls1_3")) {
            "openssl s_client talks by $version, verifies the chain, and both part in order".config(enabledOrReasonIf = { openssl }) {
                withReactor { reactor ->
                    val serving = Serving(reactor, Tls.server(identity).withApplicationProtocols("h2"), String::uppercase)
                    val at = "127.0.0.1:${serving.port}"
                    val arguments =
                        arrayOf(
                            "openssl", "s_client", "-connect", at, "-$version", "-CAfile", "${file("ca.pem")}", "-verify_return_error",
                            "-verify_hostname", "localhost", "-servername", "localhost", "-alpn", "h2",
                        )
                    running(*arguments) { process ->
                        lineOf(process) { "ALPN protocol: h2" in it }
                        process.outputStream.apply { write("hello\n".toByteArray()) }.flush()
                        lineOf(process) { it.endsWith("HELLO") }
                        if (version == "tls1_3") { // new keys of both sides
                            process.outputStream.apply { write("K\n".toByteArray()) }.flush()
                            lineOf(process) { "KEYUPDATE" in it }
                            process.outputStream.apply { write("again\n".toByteArray()) }.flush()
                            lineOf(process) { it.endsWith("AGAIN") }
                        }
                        process.outputStream.apply { write("Q\n".toByteArray()) }.flush()
                    }
                    serving.reasons.poll(SECONDS, TimeUnit.SECONDS)!!.isClean shouldBe true
                }
            }
        }

        for ((what, arguments) in mapOf(
            "TLS 1.1" to listOf("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
            "a cipher without forward secrecy" to listOf("-tls1_2", "-cipher", "AES128-GCM-SHA256"),
            "a cipher that does not authenticate what it encrypts" to listOf("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"),
            "a signature over SHA-1" to listOf("-tls1_2", "-sigalgs", "ECDSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"),
        )) {
            "openssl s_client is refused with $what".config(enabledOrReasonIf = { openssl }) {
                withReactor { reactor ->
                    val serving = Serving(reactor, Tls.server(identity), String::uppercase)
                    running("openssl", "s_client", "-connect", "127.0.0.1:${serving.port}", *arguments.toTypedArray()) { process ->
                        process.inputReader().readText() shouldContain "alert"
                        process.waitFor() shouldNotBe 0
                    }
                    serving.failures.poll(SECONDS, TimeUnit.SECONDS).shouldBeInstanceOf<TlsMismatchException>()
                }
            }
        }

        "renegotiation is refused".config(enabledOrReasonIf = { openssl }) {
            withReactor { reactor ->
                val serving = Serving(reactor, Tls.server(identity), String::uppercase)
                running("openssl", "s_client", "-connect", "127.0.0.1:${serving.port}", "-tls1_2") { process ->
                    lineOf(process) { "Verify return code" in it }
                    process.outputStream.apply { write("R\n".toByteArray()) }.flush()
                    serving.reasons.poll(SECONDS, TimeUnit.SECONDS)!!.cause.shouldBeInstanceOf<TlsRenegotiationException>()
                }
            }
        }

        for ((kind, key) in mapOf("rsa" to "rsa.key", "ec" to "ec-sec1.key", "ed25519" to "ed25519.key")) {
            "a client of openssl s_server with a key of $kind".config(enabledOrReasonIf = { openssl }) {
                withReactor { reactor ->
                    val arguments =
                        arrayOf(
                            "openssl", "s_server", "-accept", "127.0.0.1:0", "-key", "${file(key)}", "-cert", "${file("$kind.pem")}",
                            "-cert_chain", "${file("mid.pem")}", "-rev",
                        )
                    running(*arguments) { process ->
                        val port = lineOf(process) { it.startsWith("ACCEPT") }.substringAfterLast(':').trim().toInt()
                        val talking = Talking("olleh\n")
                        reactor.blockingCallFromThread {
                            TlsClientEndpoint(reactor, "localhost", port, Tls.client().withTrust(trust)).connectProtocol(talking)
                        }
                        talking.line() shouldBe "hello"
                        talking.session!!.peerCertificates.size shouldBe 2
                        reactor.callFromThread { talking.transport.loseConnection() }
                        talking.lost.get(SECONDS, TimeUnit.SECONDS).isClean shouldBe true
                    }
                }
            }
        }

        "curl".config(enabledOrReasonIf = { curl }) {
            withReactor { reactor ->
                val response = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
                val serving = Serving(reactor, Tls.server(identity).withApplicationProtocols("http/1.1"), { response })
                val url = "https://localhost:${serving.port}/"
                running("curl", "-sS", "--cacert", "${file("ca.pem")}", url) { it.inputReader().readText() shouldBe "secret" }
                // Without the authority it refuses, and the server hears why.
                running("curl", "-sS", url) { it.inputReader().readText() shouldContain "certificate" }
                serving.failures.poll(SECONDS, TimeUnit.SECONDS).shouldBeInstanceOf<TlsAlertException>().alert shouldBe TlsAlert.UNKNOWN_CA
                running("curl", "-sS", "http://localhost:${serving.port}/") { it.inputReader().readText() }
                serving.failures.poll(SECONDS, TimeUnit.SECONDS).shouldBeInstanceOf<NotTlsException>()
            }
        }

        "real Twisted: TLS with ALPN, STARTTLS, and a port without TLS".config(enabledOrReasonIf = { twisted }) {
            withReactor { reactor ->
                running("/usr/bin/python3", "${file("tls_peer.py")}", "${file("rsa.key")}", "${file("rsa.pem")}") { process ->
                    val ports =
                        Regex(""""(\w+)": (\d+)""").findAll(lineOf(process) { it.startsWith("{") })
                            .associate { it.groupValues[1] to it.groupValues[2].toInt() }
                    // Twisted's server shows its own certificate only, so that one is trusted.
                    val tls = Tls.client().withTrust(TlsTrust.fromPem(file("mid.pem")))

                    val talking = Talking("hello")
                    reactor.blockingCallFromThread {
                        TlsClientEndpoint(
                            reactor,
                            "localhost",
                            ports.getValue("tls"),
                            tls.withApplicationProtocols("h2"),
                        ).connectProtocol(talking)
                    }
                    talking.line() shouldBe "HELLO"
                    talking.session!!.applicationProtocol shouldBe "h2"
                    reactor.callFromThread { talking.transport.loseConnection() }
                    talking.lost.get(SECONDS, TimeUnit.SECONDS).isClean shouldBe true

                    val starting = Talking("STARTTLS\r\n")
                    val session = CompletableFuture<TlsSession>()
                    starting.onLine = { line ->
                        if (line == "READY") {
                            transport.startTls(tls, "localhost").addCallbacks({
                                session.complete(it)
                            }, { session.completeExceptionally(it.value) })
                            transport.write("inside\r\n".toByteArray())
                        }
                    }
                    reactor.blockingCallFromThread {
                        clientFromString(reactor, "tcp:127.0.0.1:${ports.getValue("starttls")}").connectProtocol(starting)
                    }
                    starting.line() shouldBe "READY"
                    session.get(SECONDS, TimeUnit.SECONDS).protocol shouldBe "TLSv1.3"
                    starting.line() shouldBe "echo inside"

                    val refused = CompletableFuture<Throwable>()
                    reactor.callFromThread {
                        TlsClientEndpoint(reactor, "127.0.0.1", ports.getValue("plain"), tls).connectProtocol(Talking("x"))
                            .addCallbacks({ refused.complete(null) }, { refused.complete(it.value) })
                    }
                    refused.get(
                        SECONDS,
                        TimeUnit.SECONDS,
                    ).shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<NotTlsException>()
                }
            }
        }
    })
