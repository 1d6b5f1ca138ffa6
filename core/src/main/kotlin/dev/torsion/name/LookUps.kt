// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import java.net.InetAddress
import java.util.concurrent.RejectedExecutionException

/**
 * The names that a reactor looks up by its resolver, each once however many ask for it at the same time. A caller that gives up leaves the others
 * waiting; when nobody waits any more, the look-up is cancelled.
 *
 * Thread: the reactor's.
 *
 * @param isEnd whether an error only says that the reactor has ended, or the JVM is about to
 */
internal class LookUps(
    private val loop: ResolverLoop,
    private val factory: HostResolverFactory,
    private val mostWaiting: Int = MOST_WAITING,
    private val isEnd: (Throwable) -> Boolean,
) {
    private var resolver: HostResolver? = null
    private val running = HashMap<String, LookUp>()
    private var waiters = 0

    /** From now on names are looked up by the resolver of [factory]; gives the one before, which goes on with what it was asked for. */
    fun install(factory: HostResolverFactory): HostResolver = resolver().also { resolver = factory.create(loop) }

    private fun resolver() = resolver ?: factory.create(loop).also { resolver = it }

    /** The addresses of [host]; at once when it needs no looking up. */
    fun find(host: String): Deferred<List<InetAddress>> {
        val name =
            try {
                asciiName(host)
            } catch (e: IllegalArgumentException) {
                return fail(e)
            }
        literalAddresses(name)?.let { return succeed(it) }
        if (waiters >= mostWaiting) return fail(RejectedExecutionException("$mostWaiting answers about names are waited for"))
        val key = name.lowercase()
        running[key]?.let { return it.wait() }
        val begun = LookUp(key)
        running[key] = begun
        return begun.wait().also { begun.begin(name) }
    }

    /** The reactor has ended: look-ups that wait fail with [error]. */
    fun end(error: Throwable) {
        running.values.toList().forEach { it.fail(error) }
    }

    private inner class LookUp(private val key: String) {
        private val waiting = LinkedHashSet<Deferred<List<InetAddress>>>()
        private var question: Deferred<*>? = null
        private var isOver = false

        fun wait(): Deferred<List<InetAddress>> = Deferred<List<InetAddress>>(::giveUp).also {
            waiting.add(it)
            waiters++
        }

        fun begin(name: String) {
            val answer =
                try {
                    resolver().resolve(name)
                } catch (e: Throwable) { // a resolver is anybody's code
                    return ended(Failure(e))
                }
            question = answer
            answer.addBoth { outcome -> ended(outcome) }
        }

        private fun giveUp(waiter: Deferred<List<InetAddress>>) {
            if (!waiting.remove(waiter)) return
            waiters--
            if (waiting.isEmpty()) {
                end()
                question?.cancel()
            }
        }

        fun fail(error: Throwable) {
            ended(Failure(error))
            question?.cancel()
        }

        private fun ended(outcome: Outcome<List<InetAddress>>) {
            if (isOver) return
            end()
            while (true) {
                val waiter = waiting.firstOrNull() ?: return
                waiting.remove(waiter)
                waiters--
                when (outcome) {
                    is Success -> waiter.callback(outcome.value)
                    is Failure -> {
                        waiter.errback(outcome)
                        if (isEnd(outcome.value)) waiter.disownFailure() // no error of those who do not look
                    }
                }
            }
        }

        private fun end() {
            isOver = true
            running.remove(key, this)
        }
    }
}
