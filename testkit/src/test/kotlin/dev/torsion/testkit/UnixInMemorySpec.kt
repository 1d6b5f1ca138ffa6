// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.endpoint.UNIXClientEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Factory
import dev.torsion.net.PeerCredentials
import dev.torsion.net.Protocol
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixPortOptions
import dev.torsion.net.UnixTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import java.nio.file.attribute.GroupPrincipal

private class Named(private val name: String) : GroupPrincipal {
    override fun getName() = name
}

private class Silent : Protocol()

/** UNIX sockets without a file system. */
class UnixInMemorySpec :
    StringSpec({
        val path = Path.of("/run/app.sock")

        "a server and a client, their addresses, the mode and the credentials" {
            MemoryReactor().use { reactor ->
                val me = PeerCredentials(Named("me"), Named("mine"))
                reactor.network.peerCredentials = me
                val server = Silent()
                val port = reactor.listenUnix(path, Factory { server }, UnixPortOptions.DEFAULT.withMode("640".toInt(8)))
                reactor.network.modeOf(path) shouldBe UnixPortOptions.permissions("640".toInt(8))
                val client = reactor.await(UNIXClientEndpoint(reactor, path).connectProtocol(Silent()))
                client.transport.peer() shouldBe UnixAddress(path)
                server.transport.host() shouldBe UnixAddress(path)
                (server.transport.peer() as UnixAddress).isUnnamed shouldBe true
                (server.transport as UnixTransport).peerCredentials() shouldBe me
                client.transport.loseConnection()
                port.stopListening()
                reactor.flush()
                reactor.network.modeOf(path).shouldBeNull()
            }
        }

        "what a killed server has left is in the way, unless the lock is taken" {
            MemoryReactor().use { reactor ->
                reactor.network.addStaleSocket(path)
                shouldThrow<ConnectionRefusedException> { reactor.await(UNIXClientEndpoint(reactor, path).connectProtocol(Silent())) }
                shouldThrow<CannotListenException> { reactor.listenUnix(path, Factory { Silent() }) }
                val port = reactor.await(serverFromString(reactor, "unix:$path").listen(Factory { Silent() }))
                shouldThrow<CannotListenException> { reactor.listenUnix(path, Factory { Silent() }, UnixPortOptions(wantPid = true)) }
                reactor.await(UNIXClientEndpoint(reactor, path, checkPid = true).connectProtocol(Silent())).transport.abortConnection()
                reactor.await(port.stopListening())
                val missing =
                    shouldThrow<CannotConnectException> { reactor.await(UNIXClientEndpoint(reactor, path).connectProtocol(Silent())) }
                missing.message!! shouldContain "No such file"
            }
        }
    })
