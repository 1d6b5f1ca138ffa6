// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.adoptStreamPort
import java.nio.channels.ServerSocketChannel

/**
 * Listens, once, on a channel that somebody else has bound, of TCP or of a UNIX socket; Twisted's `AdoptedStreamServerEndpoint`. See
 * [adoptStreamPort]. So a server with a codec takes such a channel, too.
 *
 * @property channel the channel, which is the port's from [listen] on
 * @property options limits and socket options of the connections
 */
public class AdoptedStreamServerEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val channel: ServerSocketChannel,
    public val options: TcpOptions = TcpOptions.DEFAULT,
) : ServerEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> =
        maybeDeferred<ListeningPort> { reactor.adoptStreamPort(channel, factory, options) }.closedBy(reactor)

    override fun toString(): String = "adopted $channel"
}
