// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.group.GroupFactory
import dev.torsion.group.GroupPort
import dev.torsion.group.ReactorGroup
import java.util.concurrent.CompletableFuture

/**
 * Listens at [description], such as `tcp:8007`, for all reactors of this group: [serverFromString] for a group. See
 * [ReactorGroup.listenTcp] for [factories], for how it fails and for what cancelling does; it fails with [EndpointSyntaxException] too, when the
 * string is not understood.
 *
 * Thread: any.
 */
public fun ReactorGroup.listen(
    description: String,
    factories: GroupFactory,
): CompletableFuture<GroupPort> = listening(factories) { reactor, factory -> serverFromString(reactor, description).listen(factory) }
