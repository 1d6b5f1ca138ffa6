// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.fail
import java.net.InetAddress
import java.util.concurrent.RejectedExecutionException

/**
 * A [resolver] that blocks, on [MOST_AT_ONCE] threads at most, and the names that wait for their turn. A name that is given up while it waits
 * is forgotten, so that a name server that does not answer leaves nothing behind.
 */
internal class ThreadedHostResolver(
    private val loop: ResolverLoop,
    private val resolver: BlockingHostResolver,
    private val mostWaiting: Int = MOST_WAITING,
) : HostResolver {
    private val waiting = LinkedHashSet<LookUp>()
    private var running = 0

    override fun resolve(host: String): Deferred<List<InetAddress>> {
        if (waiting.size >= mostWaiting) return fail(RejectedExecutionException("$mostWaiting names wait to be looked up"))
        val added = LookUp(host)
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

    private inner class LookUp(private val host: String) {
        val result = Deferred<List<InetAddress>> { waiting.remove(this) }

        fun begin() {
            running++
            val answer =
                try {
                    loop.deferToResolverThread { resolver.resolve(host) }
                } catch (e: Throwable) { // there is no thread
                    return ended(Failure(e))
                }
            answer.addBoth { outcome ->
                ended(outcome)
                beginNext()
            }
        }

        private fun ended(outcome: Outcome<List<InetAddress>>) {
            running--
            if (result.called) return // it was given up
            when (outcome) {
                is Success -> result.callback(outcome.value)
                is Failure -> result.errback(outcome)
            }
        }
    }

    override fun toString() = "ThreadedHostResolver($running at work, ${waiting.size} waiting)"

    private companion object {
        const val MOST_AT_ONCE = 4
    }
}

/** Enough for any burst; more are refused, for they would wait for hours. */
internal const val MOST_WAITING = 65_536
