// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.function.Predicate

/** Futures of Deferreds for makers of other voices, such as the Java facade, who know more of their failures. */
@TorsionSpi
public object UnseenFutures {
    /**
     * [Deferred.toCompletableFuture] for a [deferred] some of whose errors are nobody's loss when nobody sees them, such as the end of a
     * connection for what waits on it: those that are [quiet] are not reported. A report names the place [made] if it is given, otherwise, in
     * debug mode, the place of this call.
     *
     * Thread: that of [Deferred.toCompletableFuture]; [quiet] is called where the failure comes.
     */
    @JvmStatic
    public fun <T> toFuture(deferred: Deferred<T>, loop: Executor, quiet: Predicate<Throwable>, made: Place?): CompletableFuture<T> =
        FirstFuture.of(deferred, loop, quiet, made)

    /** Runs [action] when [future] is done, which is no look at it when it is the future of a Deferred. */
    @JvmStatic
    public fun whenDone(future: CompletableFuture<*>, action: Runnable) {
        if (future is HandingFuture<*>) future.whenDone(action) else future.whenComplete { _, _ -> action.run() }
    }
}
