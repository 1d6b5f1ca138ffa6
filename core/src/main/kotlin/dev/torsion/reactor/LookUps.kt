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
    private var running = 0

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
        while (running < MOST_AT_ONCE) {
            val next = waiting.firstOrNull() ?: return
            waiting.remove(next)
            next.begin()
        }
    }

    private inner class LookUp(
        private val name: String,
    ) {
        val result = Deferred<List<InetAddress>> { waiting.remove(this) }

        fun begin() {
            running++
            try {
                callInThread {
                    val outcome: Outcome<List<InetAddress>> =
                        try {
                            Success(resolver.resolve(name))
                        } catch (e: Throwable) { // a resolver is anybody's code
                            Failure(e)
                        }
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
            running--
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
