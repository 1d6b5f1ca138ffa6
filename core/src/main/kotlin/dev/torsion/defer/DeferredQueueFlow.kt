// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("DeferredCoroutines")

package dev.torsion.defer

import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * The objects of this queue as a flow. It has no end of its own: [first][kotlinx.coroutines.flow.first],
 * [take][kotlinx.coroutines.flow.take] or cancelling the collector ends it.
 *
 * ```kotlin
 * scope.launch { queue.asFlow().collect { connection.send(it) } }
 * ```
 *
 * A collector takes an object when it is ready for it. A slow one leaves objects in the queue, where [DeferredQueue.size] is the limit.
 * Several collectors share the objects, first come, first served.
 *
 * **Cancellation.** A collector that is cancelled while it waits takes nothing. An object on its way to it is put back, before all others.
 *
 * **Thread.** Collect it on the thread that the queue belongs to.
 */
public fun <T> DeferredQueue<T>.asFlow(): Flow<T> = flow {
    while (true) {
        currentCoroutineContext().ensureActive() // before taking: what is taken must be delivered
        emit(get().await())
    }
}
