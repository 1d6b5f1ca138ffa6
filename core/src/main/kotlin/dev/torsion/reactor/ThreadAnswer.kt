// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.isInSystemExit
import java.util.concurrent.Callable

/** [call] on another thread, and the [result] that it owes the thread of the [reactor]. */
internal class ThreadAnswer<T>(private val reactor: Reactor, private val call: Callable<T>) : Runnable {
    val result = Deferred<T>()

    @Volatile
    private var thread: Thread? = null // that runs the call

    /** Whether the call has ended the JVM, and so will never give an answer. */
    val isInSystemExit: Boolean
        get() {
            val caller = thread ?: return false
            return caller.isInSystemExit && thread === caller // and not at work for somebody else by now
        }

    override fun run() {
        thread = Thread.currentThread()
        val outcome = runCatching { call.call() }
        thread = null
        try {
            reactor.callFromThread { outcome.fold(result::callbackOrRefuse, result::errback) }
        } catch (e: ReactorNotRunningException) {
            outcome.exceptionOrNull()?.let { e.addSuppressed(it) }
            log.debug("{reactor}: the answer of a thread came when the reactor had stopped", LogKeys.REACTOR, safeString(reactor), e)
        }
    }

    /** No answer is taken any more. */
    fun fail(why: String, cause: Throwable?) {
        if (result.called) return // whoever has failed before has cancelled it
        result.errback(ReactorNotRunningException(why, cause))
        result.disownFailure() // the end of the reactor is no error of those who do not wait
    }
}

private val log = Logger(Reactor::class.java)
