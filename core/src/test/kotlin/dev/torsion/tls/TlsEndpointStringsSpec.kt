// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.endpoint.ClientCreator
import dev.torsion.endpoint.EndpointSyntaxException
import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.TlsServerEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.quoteStringArgument
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

private class Upper : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(String(data).uppercase().toByteArray())
}

private class Asking : Protocol() {
    val answer = CompletableFuture<String>()

    override fun connectionMade() = transport.write("hello".toByteArray())

    override fun dataReceived(data: ByteArray) {
        answer.complete("${transport.tlsSession!!.protocol} ${String(data)}")
    }
}

/** Twisted's strings for TLS, with real sockets. */
class TlsEndpointStringsSpec :
    StringSpec({
        fun path(name: String): String = quoteStringArgument(Path.of(TlsIdentitySpec::class.java.getResource(name)!!.toURI()).toString())

        val server = "ssl:0:privateKey=${path("ec.key")}:certKey=${path("ec.pem")}:extraCertChain=${path("mid.pem")}:interface=127.0.0.1"

        fun <T> withReactor(test: (Reactor) -> T): T {
            val reactor = Reactor.create()
            reactor.start()
            try {
                return test(reactor)
            } finally {
                reactor.stopAndJoin(java.time.Duration.ofSeconds(20))
            }
        }

        for (client in listOf(
            "tls:127.0.0.1:PORT:trustRoots=CA",
            "ssl:127.0.0.1:PORT:caCertsDir=CA",
            "tls:localhost:PORT:trustRoots=CA:timeout=5",
        )) {
            "$server and $client" {
                withReactor { reactor ->
                    val asking = Asking()
                    reactor.blockingCallFromThread {
                        serverFromString(reactor, server).listen(Factory { Upper() }).addAsyncCallback { port ->
                            val text = client.replace("PORT", "${port.port()}").replace("CA", path("ca.pem"))
                            clientFromString(reactor, text).connect(Factory { asking })
                        }
                    }
                    asking.answer.get(10, TimeUnit.SECONDS) shouldBe "TLSv1.3 HELLO"
                }
            }
        }

        "TLS over another endpoint, for a host of its own, and by a ClientCreator" {
            withReactor { reactor ->
                val first = Asking()
                val second = Asking()
                reactor.blockingCallFromThread {
                    serverFromString(reactor, "$server:sslmethod=TLSv1_2_METHOD").listen(Factory { Upper() }).addAsyncCallback { port ->
                        val below = quoteStringArgument("tcp:127.0.0.1:${port.port()}")
                        val text = "tls:localhost:1:trustRoots=${path("ca.pem")}:endpoint=$below"
                        val tls = Tls.client().withTrust(
                            TlsTrust.fromPem(Path.of(TlsIdentitySpec::class.java.getResource("ca.pem")!!.toURI())),
                        )
                        clientFromString(reactor, text).connect(Factory { first })
                            .addAsyncCallback { ClientCreator(reactor) { second }.connectTls("127.0.0.1", port.port(), tls) }
                    }
                }
                first.answer.get(10, TimeUnit.SECONDS) shouldBe "TLSv1.2 HELLO"
                second.answer.get(10, TimeUnit.SECONDS) shouldBe "TLSv1.2 HELLO"
            }
        }

        "a password is shown in no message" {
            val reactor = Reactor.create()
            try {
                val key = path("ec-encrypted.key")
                val nested = quoteStringArgument("ssl:example.com:443:certKey=missing.pem:password=hunter2\\:swordfish")
                val wrong =
                    listOf(
                        "ssl:0:privateKey=missing.pem:password=hunter2",
                        "ssl:0:privateKey=$key:certKey=${path("ec.pem")}:password=hunter2\\:swordfish",
                        "ssl:0:password=hunter2:password=hunter2\\\\:privateKey=$key",
                        "ssl:0:password=hunter2:privatekey=x",
                        "ssl:x:Password=hunter2",
                        "nothing:0:password=hunter2",
                        "ssl:0:password=hunter2:interface=nonsense",
                    ).map { shouldThrow<EndpointSyntaxException> { serverFromString(reactor, it) } } +
                        listOf(
                            "tls:example.com:443:certificate=missing.pem:password=hunter2",
                            "tls:example.com:443:endpoint=$nested",
                            "tls:example.com:x:password=hunter2",
                        ).map { shouldThrow<EndpointSyntaxException> { clientFromString(reactor, it) } }
                for (error in wrong) {
                    for (cause in generateSequence<Throwable>(error) { it.cause }) {
                        "$cause" shouldNotContain "hunter2"
                        "$cause" shouldNotContain "swordfish"
                    }
                }
            } finally {
                reactor.stopAndJoin(java.time.Duration.ofSeconds(20))
            }
        }

        "the strings are understood, and mistakes are told at their place" {
            val reactor = Reactor.create()
            try {
                val listening = serverFromString(reactor, server).shouldBeInstanceOf<TlsServerEndpoint>()
                listening.networkInterface shouldBe "127.0.0.1"
                clientFromString(reactor, "tls:example.com:443").shouldBeInstanceOf<TlsClientEndpoint>().host shouldBe "example.com"
                fun wrong(text: String) = shouldThrow<EndpointSyntaxException> {
                    if (text.startsWith("ssl:0")) serverFromString(reactor, text) else clientFromString(reactor, text)
                }.message
                wrong("ssl:0:privateKey=missing.pem") shouldContain "there is no file missing.pem"
                wrong("ssl:0:privateKey=${path("ec.key")}") shouldContain "There is no certificate in"
                wrong("$server:sslmethod=SSLv3_METHOD") shouldContain "is broken or unknown"
                wrong("$server:privatekey=x") shouldContain "has no option \"privatekey\""
                wrong("tls:example.com:443:trustRoots=missing.pem") shouldContain "there is no file missing.pem"
                wrong("tls:example.com:443:endpoint=nothing") shouldContain "\"nothing\""
            } finally {
                reactor.stopAndJoin(java.time.Duration.ofSeconds(20))
            }
        }
    })
