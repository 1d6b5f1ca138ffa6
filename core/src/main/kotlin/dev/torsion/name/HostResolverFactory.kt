// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.clock.Clock
import dev.torsion.defer.Deferred
import java.util.concurrent.Callable

/**
 * Makes the resolver of a reactor. The reactors of a group share their options, and each gets a resolver of its own. Every [HostResolver]
 * and every [BlockingHostResolver] is a factory of itself.
 */
public fun interface HostResolverFactory {
    /**
     * The resolver of the reactor of this [loop]. An exception fails the look-up that needed it, and the next one tries again.
     *
     * Thread: the reactor's, before the first name is looked up.
     */
    public fun create(loop: ResolverLoop): HostResolver
}

/** The part of a reactor that its resolver sees. */
public interface ResolverLoop {
    /** The reactor's time. Thread: the reactor's. */
    public val clock: Clock

    /**
     * Runs [call], which may block, on one of the few threads that the reactor keeps for look-ups. The Deferred fires on the reactor's
     * thread; it fails when the reactor ends before. Cancelling it only ends the waiting.
     *
     * Thread: the reactor's.
     *
     * @throws java.util.concurrent.RejectedExecutionException when there is no such thread any more
     */
    public fun <T> deferToResolverThread(call: Callable<T>): Deferred<T>
}
