// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import kotlin.concurrent.thread

/** Starts the threads that wait for pipes. */
internal fun interface PipeThreads {
    /** Does [work] on a thread of its own. Throws an [OutOfMemoryError] when there is none. */
    fun start(name: String, work: () -> Unit)

    companion object {
        /** Daemons, which hold up no end of the JVM. */
        val DAEMONS = PipeThreads { name, work -> thread(isDaemon = true, name = name, block = work) }
    }
}
