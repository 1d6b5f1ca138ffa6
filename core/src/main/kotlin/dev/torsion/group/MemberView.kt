// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixPortOptions
import dev.torsion.reactor.Reactor
import dev.torsion.spi.Acceptor
import dev.torsion.stream.FactoryAcceptor
import java.nio.file.Path

/**
 * A [member] of a group as those see it who are to listen for the group, such as an endpoint that wraps the factory it is given: to listen
 * on it makes its share of the port and keeps what the port is to be. The port itself is opened by one of the members, for all.
 */
internal class MemberView(private val member: Reactor) : Reactor by member {
    /** The port that was asked for; null until then. */
    var wanted: WantedPort? = null
        private set

    override fun listenTcp(port: Int, factory: Factory, networkInterface: String, backlog: Int, options: TcpOptions): ListeningPort {
        val network = member.streamNetwork ?: throw UnsupportedOperationException("$member has no network")
        return want(factory, options.stream) { network.listen(port, networkInterface, backlog, options, it) }
    }

    override fun listenUnix(path: Path, factory: Factory, options: UnixPortOptions): ListeningPort {
        val network = member.unixNetwork ?: throw UnsupportedOperationException("$member has no UNIX sockets")
        return want(factory, options.stream) { network.listenUnix(path, options, it) }
    }

    private fun want(factory: Factory, options: StreamOptions, open: (Acceptor) -> ListeningPort): ListeningPort {
        check(wanted == null) { "a group listens on one port at a time, but a second one was asked for" }
        val network = member.streamNetwork ?: throw UnsupportedOperationException("$member has no network")
        val share = PortShare(member, network, FactoryAcceptor(network, factory, options))
        share.open()
        return WantedPort(share, open).also { wanted = it }
    }

    override fun toString() = member.toString()
}

/** A port as it was asked for, with the share of one reactor in it. */
internal class WantedPort(val share: PortShare, private val opening: (Acceptor) -> ListeningPort) : ListeningPort {
    /** Opens the port on the thread of the [share]'s reactor. */
    fun open(acceptor: Acceptor): ListeningPort = opening(acceptor)

    override fun host(): Address = error(
        "the port of a group has its address when all reactors of the group have their share of it",
    )

    override val isListening get() = !share.closed.isDone

    override fun stopListening(): Deferred<Unit> {
        share.closeSoon()
        return succeed(Unit)
    }

    override fun startListening() = error("the port of a group is opened by the group")
}
