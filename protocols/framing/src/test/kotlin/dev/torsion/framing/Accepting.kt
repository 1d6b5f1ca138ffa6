// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor

/** Listens at `tcp:8007`, and gives what gives the connection that was accepted last. */
internal suspend fun <T : Any> Reactor.accepting(
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: (MessageConnection<T>) -> Unit = {},
): () -> MessageConnection<T> {
    var accepted: MessageConnection<T>? = null
    listen("tcp:8007", codec, options) { c ->
        accepted = c
        handler(c)
    }.await()
    return { accepted!! }
}
