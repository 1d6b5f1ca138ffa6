// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import kotlinx.coroutines.CopyableThreadContextElement
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlin.coroutines.CoroutineContext

/**
 * Where a coroutine was launched, for debug mode: put into the context of a scope, it makes each coroutine of that have one of its own.
 * Being copied is all that it wants of a thread context element; it does nothing to threads.
 */
@OptIn(DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class CoroutinePlace(val place: Place?) : CopyableThreadContextElement<Unit> {
    override val key: CoroutineContext.Key<*> get() = CoroutinePlace

    override fun copyForChild(): CoroutinePlace = CoroutinePlace(Place.here())

    override fun mergeForChild(overwritingElement: CoroutineContext.Element): CoroutineContext = overwritingElement

    override fun updateThreadContext(context: CoroutineContext) {}

    override fun restoreThreadContext(context: CoroutineContext, oldState: Unit) {}

    companion object : CoroutineContext.Key<CoroutinePlace> {
        /** For the context of a scope whose coroutines are to know their places. */
        val OF_SCOPE = CoroutinePlace(null)
    }
}
