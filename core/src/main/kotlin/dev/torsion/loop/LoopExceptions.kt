// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.util.concurrent.RejectedExecutionException

/** The reactor was asked to stop while it does not run, or to wait for something that can no longer happen. */
public class ReactorNotRunningException(message: String = "The reactor is not running.") : IllegalStateException(message) {
    internal constructor(message: String, reason: Throwable?) : this(message) {
        reason?.let(::initCause) // without one it may be given later
    }
}

/** Work was given to a [ThreadPool] that was stopped, such as that of a reactor that has stopped. */
public class ThreadPoolStoppedException(message: String) : RejectedExecutionException(message)

/** Too much work waits in a [ThreadPool] already. */
public class ThreadPoolFullException(message: String) : RejectedExecutionException(message)
