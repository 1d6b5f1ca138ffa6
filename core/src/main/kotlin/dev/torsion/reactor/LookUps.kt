// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.HostResolver
import java.net.InetAddress

/**
 * The names that [resolver] looks up, on [MOST_AT_ONCE] threads at most, and those that wait for their turn. A name that is given up while
 * it waits is forgotten, so that a name server that does not answer leaves nothing behind.
 *
 * Thread: the reactor's; [callInThread] runs what blocks on another one.
 */
internal class LookUps(
    private val reactor: AbstractReactor,
    private val resolver: HostResolver,
    private val mostWaiting: Int = MOST_WAITING,
    private val callInThread: (Runnable) -> Unit,
) {
    private val waiting = LinkedHashSet<LookUp>()
    private val running = LinkedHashSet<LookUp>()
    private var hasEnded = false

    /** The addresses of [host]; at once when it needs no looking up. */
    fun find(host: String): Deferred<List<InetAddress>> {
        val name =
            try {
                HostResolver.asciiName(host)
            } catch (e: IllegalArgumentException) {
                return fail(e)
            }
        HostResolver.literal(name)?.let { return succeed(it) }
        if (waiting.size >= mostWaiting) return fail(ThreadPoolFullException("$mostWaiting names wait to be looked up"))
        val added = LookUp(name)
        waiting.add(added)
        beginNext()
        return added.result
    }

    private fun beginNext() {
        while (running.size < MOST_AT_ONCE && !hasEnded) {
            val next = waiting.firstOrNull() ?: return
            waiting.remove(next)
            next.begin()
        }
    }

    /** What waits for a thread that is in `System.exit` goes on. */
    fun failExiting() {
        val exiting = running.filter { it.isInSystemExit }
        if (exiting.isEmpty()) return
        exiting.forEach { it.fail("The thread has called System.exit, and gives no answer.", null) }
        beginNext()
    }

    /** The reactor has ended: no answers are taken any more. */
    fun end(cause: Throwable?) {
        hasEnded = true
        (running + waiting).forEach { it.fail("The reactor has stopped before the name was looked up.", cause) }
        waiting.clear()
    }

    private inner class LookUp(
        private val name: String,
    ) {
        val result = Deferred<List<InetAddress>> { waiting.remove(this) }

        @Volatile
        private var thread: Thread? = null // that asks the resolver

        val isInSystemExit: Boolean get() = thread?.isInSystemExit == true

        fun fail(
            why: String,
            cause: Throwable?,
        ) {
            if (result.called) return
            ended(Failure(ReactorNotRunningException(why, cause)))
            result.disownFailure() // the end of the reactor is no error of those who do not wait
        }

        fun begin() {
            running.add(this)
            try {
                callInThread {
                    thread = Thread.currentThread()
                    val outcome: Outcome<List<InetAddress>> =
                        try {
                            Success(resolver.resolve(name))
                        } catch (e: Throwable) { // a resolver is anybody's code
                            Failure(e)
                        }
                    thread = null
                    // Refused when the reactor has ended: then nobody waits any more.
                    reactor.runSoon {
                        ended(outcome)
                        beginNext()
                    }
                }
            } catch (e: Throwable) { // there is no thread
                ended(Failure(e))
            }
        }

        private fun ended(outcome: Outcome<List<InetAddress>>) {
            running.remove(this)
            if (result.called) return
            when (outcome) {
                is Success -> result.callback(outcome.value)
                is Failure -> result.errback(outcome)
            }
        }
    }

    private companion object {
        const val MOST_AT_ONCE = 4
        const val MOST_WAITING = 65_536
    }
}
