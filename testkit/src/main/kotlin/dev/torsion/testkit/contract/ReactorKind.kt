// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.MemoryReactor

/** Makes the reactors that a [ReactorContract] checks. */
public fun interface ReactorKind {
    /** A new reactor, which has not run. It tells [errors] of the exceptions of callbacks, and of nothing else. */
    public fun create(errors: ErrorListener): Reactor

    /** Whether it waits for other threads in time that passes by itself. Not so where time is virtual. */
    public val waitsForOthers: Boolean get() = true

    public companion object {
        /** The reactor on the platform's selector. */
        @JvmStatic
        public fun nio(): ReactorKind = ReactorKind { errors -> Reactor.create(ReactorOptions("contract", errorListener = errors)) }

        /** The reactor in memory. */
        @JvmStatic
        public fun memory(): ReactorKind = object : ReactorKind {
            override fun create(errors: ErrorListener) = MemoryReactor(errors)

            override val waitsForOthers get() = false
        }
    }
}
