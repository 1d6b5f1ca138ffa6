// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.wrapClientTls
import dev.torsion.net.ClientFactory
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.process.ProcessCommand
import dev.torsion.testkit.MemoryProcess
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTruncatedException
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

/** A client of a server that echoes, through a process that passes everything on, as a proxy command does. [atEnd]: of the server's connection. */
private fun TlsScene.throughProcess(atEnd: (MemoryProcess) -> Unit): Noting {
    val port = listen(Tls.server(IDENTITY)) { Noting({}, { transport.write(it) }) }
    reactor.processes.add("relay") { process ->
        val relay =
            Noting({
                process.onInput { transport.write(it) }
                process.onInputEnd { transport.loseConnection() }
            }, { process.write(it) })
        relay.onEnd = { atEnd(process) }
        reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { relay }.apply { isNoisy = false })
    }
    val client = Noting({ write("hello") })
    wrapClientTls(trusting(), ProcessEndpoint(reactor, ProcessCommand.of("relay")), "localhost").connect(Factory { client })
    reactor.flush()
    client.received shouldBe "hello"
    return client
}

/** TLS over the pipes of a process. */
class TlsProcessSpec :
    StringSpec({
        "what is said through a process arrives, and the end of the client ends all of it in order" {
            TlsScene.run {
                val client = throughProcess { it.exit(0) }
                client.transport.loseConnection()
                reactor.flush()
                client.reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.US
                served.single().reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.PEER
                reactor.processes.all.single().exitCode shouldBe 0
            }
        }

        "a server that has said goodbye ends the connection in order, though the process reads nothing more" {
            TlsScene.run {
                val client = throughProcess {
                    it.closeInput()
                    it.exit(0)
                }
                served.single().transport.loseConnection()
                reactor.flush()
                client.reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.PEER
            }
        }

        "a process that ends without a goodbye has cut the connection" {
            TlsScene.run {
                val client = throughProcess { it.exit(0) }
                served.single().transport.abortConnection()
                reactor.flush()
                client.reason.shouldBeInstanceOf<ConnectionLost>().cause.shouldBeInstanceOf<TlsTruncatedException>()
            }
        }
    })
