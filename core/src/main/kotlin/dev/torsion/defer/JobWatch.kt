// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.Job
import kotlin.coroutines.Continuation
import kotlin.coroutines.startCoroutine

/**
 * Calls [ended] once: when [job] is cancelled, or has ended. It is called in the call that does this, on any thread; at once when it is so
 * already. The job does not wait for the watch. Closing what is returned ends it, on any thread.
 *
 * kotlinx-coroutines tells its users of the end of a job, and of its cancellation only themselves. A coroutine that is parked hears of
 * both, and so this is one, with nothing behind it.
 */
@TorsionSpi
public fun watch(job: Job, ended: Runnable): AutoCloseable {
    val watch = JobWatch(ended)
    // Its job is no child of the other, and without a dispatcher it is told at once.
    suspend { watch.await() }.startCoroutine(Continuation(job) {})
    return watch
}

private class JobWatch(private val ended: Runnable) :
    Parked<Unit>(),
    AutoCloseable {
    override fun begin() {}

    override fun cancelledBefore(): Unit = ended.run()

    override fun cancelled(): Unit = ended.run()

    override fun close(): Unit = resume(Unit)
}
