// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.MemoryReactor
import java.time.Duration

/** Makes the reactors that a [ReactorContract] checks. */
public fun interface ReactorKind {
    /** A new reactor, which has not run. It tells [errors] of the exceptions of callbacks, and of nothing else. */
    public fun create(errors: ErrorListener): Reactor

    /**
     * The same with a [drainTimeout][ReactorOptions.drainTimeout]: a reactor with a longer one makes a check longer, and no more. The
     * default leaves it out.
     */
    public fun create(errors: ErrorListener, drainTimeout: Duration): Reactor = create(errors)

    /**
     * Another reactor, which runs, and whose ports connections of [reactor] can reach. The contract closes it. The default is one on the
     * platform's sockets.
     */
    public fun peerOf(reactor: Reactor): StreamHarness = StreamHarness.sockets()

    /** Whether it waits for other threads in time that passes by itself. Not so where time is virtual. */
    public val waitsForOthers: Boolean get() = true

    public companion object {
        /** The reactor on the platform's selector. */
        @JvmStatic
        public fun nio(): ReactorKind = object : ReactorKind {
            override fun create(errors: ErrorListener) = Reactor.create(ReactorOptions("contract", errorListener = errors))

            override fun create(errors: ErrorListener, drainTimeout: Duration) =
                Reactor.create(ReactorOptions("contract", errorListener = errors, drainTimeout = drainTimeout))
        }

        /** The reactor in memory. */
        @JvmStatic
        public fun memory(): ReactorKind = object : ReactorKind {
            override fun create(errors: ErrorListener) = MemoryReactor(errors)

            override fun peerOf(reactor: Reactor) = StreamHarness.neighbour(reactor as MemoryReactor)

            override val waitsForOthers get() = false
        }
    }
}
