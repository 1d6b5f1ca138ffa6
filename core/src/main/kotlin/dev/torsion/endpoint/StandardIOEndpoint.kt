// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.PipeAddress
import dev.torsion.net.StreamOptions
import dev.torsion.process.StandardIO
import dev.torsion.reactor.Reactor

/**
 * Standard input and output as a server with one connection, which is there at once; Twisted's `StandardIOEndpoint`. See [StandardIO].
 *
 * @property options limits of the connection
 */
public class StandardIOEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val options: StreamOptions = StreamOptions.DEFAULT,
) : ServerEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> = maybeDeferred<ListeningPort> {
        val address = PipeAddress("stdio")
        OneConnectionPort(reactor, factory, address).open { once ->
            once.buildProtocol(address)?.let { StandardIO.open(reactor, it, options) }
        }
    }.closedBy(reactor)

    override fun toString(): String = "stdio:"
}

/** `stdio:`. */
internal object StdioServerParser : ServerEndpointParser {
    override fun prefix() = "stdio"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        // The last colon begins an argument that is empty.
        if (text.rest().isNotEmpty()) throw text.error("standard input and output have no arguments")
        return StandardIOEndpoint(reactor)
    }
}
