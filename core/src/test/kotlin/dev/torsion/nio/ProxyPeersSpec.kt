// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.endpoint.ProxyHeader
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.net.InetAddress
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import dev.torsion.net.Factory as TorsionFactory

/** The PROXY protocol with others. */
class ProxyPeersSpec :
    StringSpec({
        "curl says whom it speaks for".config(enabledOrReasonIf = { installed("curl") }) {
            withReactor { reactor ->
                val port =
                    reactor.resultOnLoop {
                        serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1").listen(
                            TorsionFactory {
                                Scripted(received = {
                                    val peer = transport.peer() as InternetAddress
                                    val body = "${peer.host} ${peer.port}"
                                    transport.write("HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n$body".toByteArray())
                                    transport.loseConnection()
                                })
                            },
                        )
                    }
                val url = "http://127.0.0.1:${port.port()}/"
                output("", "curl", "-s", "--haproxy-protocol", url) shouldMatch Regex("""127\.0\.0\.1 \d+""")
            }
        }

        "Twisted reads what we send, in both versions".config(enabledOrReasonIf = { twisted }) {
            val server = ProcessBuilder(PYTHON, "${script(tempdir().toPath())}", "who", "haproxy:tcp:0:interface=127.0.0.1").start()
            try {
                val port = server.inputReader().readLine().toInt()
                withReactor { reactor ->
                    for (version in 1..2) {
                        for (client in listOf(IPv4Address("203.0.113.9", 4711), IPv6Address("2001:db8::9", 4711))) {
                            val here = if (client is IPv6Address) IPv6Address("::1", 80) else IPv4Address("10.0.0.1", 80)
                            val answer = CompletableFuture<String>()
                            val asking = Scripted({ transport.write("who?".toByteArray()) }, { answer.complete(String(it)) })
                            reactor.resultOnLoop {
                                clientFromString(reactor, "tcp:127.0.0.1:$port")
                                    .wrap(ProxyProtocol.sending(ProxyHeader(version, client, here))).connectProtocol(asking)
                            }
                            val (host, number) = answer.getOrFail().split(' ')
                            InternetAddress.of(InetAddress.getByName(host), number.toInt()) shouldBe client
                            reactor.onLoop { asking.transport.loseConnection() }
                        }
                    }
                }
            } finally {
                server.outputStream.close()
                if (!server.waitFor(5, TimeUnit.SECONDS)) server.destroyForcibly()
            }
        }
    })
