// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.group.GroupFactory
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import java.util.concurrent.atomic.AtomicInteger

/**
 * A [ConnectionFactory] for each reactor of a group. [ConnectionOptions.maxConnections] is for all of them together.
 *
 * ```java
 * group.listenTcp(8007, new ConnectionFactories<>(codec, options, reactor -> c -> c.onMessage(c::write)));
 * ```
 */
public class ConnectionFactories<T : Any> internal constructor(
    private val codec: Codec<T>,
    private val options: ConnectionOptions,
    private val isServed: Boolean,
    private val handlers: MessageConnectionHandlers<T>,
) : GroupFactory {
    @JvmOverloads
    public constructor(
        codec: Codec<T>,
        options: ConnectionOptions = ConnectionOptions.DEFAULT,
        handlers: MessageConnectionHandlers<T>,
    ) : this(codec, options, isServed = false, handlers)

    init {
        options.refuseTransport()
    }

    private val all = AtomicInteger()

    override fun factoryFor(reactor: Reactor): Factory =
        ConnectionFactory(reactor, codec, options, isServed, all, handlers.handlerFor(reactor))

    override fun toString(): String = "ConnectionFactories($codec, ${all.get()} connections)"
}

/** Gives each reactor of a group its [MessageConnectionHandler]. */
public fun interface MessageConnectionHandlers<T : Any> {
    /** The handler for the connections of [reactor], on whose thread this is called. It may be the same for all, if it is fit for threads. */
    @Throws(Exception::class)
    public fun handlerFor(reactor: Reactor): MessageConnectionHandler<T>
}
