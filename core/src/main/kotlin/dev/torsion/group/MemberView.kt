// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.spi.Acceptor
import dev.torsion.stream.FactoryAcceptor
import dev.torsion.stream.StreamNetwork

/**
 * A [member] of a group as those see it who are to listen for the group, such as an endpoint that wraps the factory it is given: to listen
 * on it makes its share of the port and keeps what the port is to be. The port itself is opened by one of the members, for all.
 */
internal class MemberView(private val member: Reactor) : Reactor by member {
    /** What was asked for; null until then. */
    var wanted: WantedPort? = null
        private set

    override fun listenTcp(port: Int, factory: Factory, networkInterface: String, backlog: Int, options: TcpOptions): ListeningPort {
        check(wanted == null) { "a group listens on one port at a time, but a second one was asked for" }
        val network = member.streamNetwork ?: throw UnsupportedOperationException("$member has no network")
        val share = PortShare(member, network, FactoryAcceptor(network, factory, options.stream))
        share.open()
        return WantedPort(share, network, port, networkInterface, backlog, options).also { wanted = it }
    }

    override fun toString() = member.toString()
}

/** A port as it was asked for, with the share of one reactor in it. */
internal class WantedPort(
    val share: PortShare,
    private val network: StreamNetwork,
    private val port: Int,
    private val networkInterface: String,
    private val backlog: Int,
    private val options: TcpOptions,
) : ListeningPort {
    /** Opens the port on the thread of the [share]'s reactor. */
    fun open(acceptor: Acceptor): ListeningPort = network.listen(port, networkInterface, backlog, options, acceptor)

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
