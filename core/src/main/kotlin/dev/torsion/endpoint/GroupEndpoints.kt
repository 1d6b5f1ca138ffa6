// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.group.GroupFactory
import dev.torsion.group.GroupPort
import dev.torsion.group.ReactorGroup
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import java.util.concurrent.CompletableFuture

/** The endpoint at which the reactors of a group listen, which is the same place on each of them. */
public fun interface GroupEndpoint {
    /**
     * The endpoint on [reactor], one of the group: it listens with that reactor, and may be [wrapped][ServerEndpoint.wrap]. Its exception
     * fails the future of [listen].
     *
     * Thread: that of [reactor].
     */
    public fun on(reactor: Reactor): ServerEndpoint

    public companion object {
        /** The endpoint of the string [description], see [serverFromString]. */
        @JvmStatic
        @JvmOverloads
        public fun fromString(description: String, options: TcpOptions = TcpOptions.DEFAULT): GroupEndpoint =
            GroupEndpoint { serverFromString(it, description, options) }
    }
}

/**
 * Listens at [description], such as `tcp:8007`, for all reactors of this group: [serverFromString] for a group. [factories], failures and
 * cancelling are as in [ReactorGroup.listenTcp]. It fails with [EndpointSyntaxException] too, when the string is not understood.
 *
 * Thread: any.
 */
public fun ReactorGroup.listen(description: String, factories: GroupFactory): CompletableFuture<GroupPort> =
    listen(GroupEndpoint.fromString(description), factories)

/** The same for an endpoint that is no string. */
public fun ReactorGroup.listen(endpoint: GroupEndpoint, factories: GroupFactory): CompletableFuture<GroupPort> =
    listening(factories) { reactor, factory -> endpoint.on(reactor).listen(factory) }
