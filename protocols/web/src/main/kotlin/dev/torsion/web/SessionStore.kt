// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture.completedFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

/**
 * Keeps the texts of sessions by keys, which are hashes of their ids. A stage that fails makes the request fail.
 *
 * Thread: the reactor calls it on its own thread, so it must not block. Its stages may complete on any thread.
 */
public interface SessionStore {
    /** The texts of [key], which is used by that: its idle time begins anew. Null when there are none, or one of its times is over. */
    public fun load(key: String): CompletionStage<Map<String, String>?>

    /** Keeps [values] as [key], until it is not used for [idleTimeout], and for [lifetime] in all. */
    public fun create(key: String, values: Map<String, String>, idleTimeout: Duration, lifetime: Duration): CompletionStage<*>

    /** Puts [values] in place of those of [key]. Does nothing when it is there no more: a session that was ended stays ended. */
    public fun save(key: String, values: Map<String, String>): CompletionStage<*>

    /** Forgets [key]. */
    public fun delete(key: String): CompletionStage<*>
}

/**
 * Sessions in memory; the reactors of a group may share them. There is no timer: a session that is over goes when somebody looks for it, or
 * when it is the oldest.
 */
internal class MemorySessions(private val clock: Clock, private val most: Int) : SessionStore {
    private class Entry(var values: Map<String, String>, val begun: Long, var used: Long, val idle: Long, val lifetime: Long) {
        fun isOver(now: Long) = now - used >= idle || now - begun >= lifetime
    }

    /** The one that was used least lately is the first. It is its own lock. */
    private val entries = LinkedHashMap<String, Entry>(16, LOAD, true)

    val size: Int get() = synchronized(entries) { entries.size }

    override fun load(key: String): CompletionStage<Map<String, String>?> = completedFuture(synchronized(entries) { live(key)?.values })

    private fun live(key: String): Entry? {
        val now = clock.nanoTime()
        val entry = entries[key] ?: return null
        if (entry.isOver(now)) {
            entries.remove(key)
            return null
        }
        entry.used = now
        return entry
    }

    override fun create(key: String, values: Map<String, String>, idleTimeout: Duration, lifetime: Duration): CompletionStage<*> {
        val now = clock.nanoTime()
        synchronized(entries) {
            entries[key] = Entry(values, now, now, nanos(idleTimeout), nanos(lifetime))
            val oldest = entries.values.iterator()
            while (oldest.hasNext()) {
                val entry = oldest.next()
                if (entries.size <= most && !entry.isOver(now)) break
                oldest.remove()
            }
        }
        return DONE
    }

    override fun save(key: String, values: Map<String, String>): CompletionStage<*> {
        synchronized(entries) { entries[key]?.values = values }
        return DONE
    }

    override fun delete(key: String): CompletionStage<*> {
        synchronized(entries) { entries.remove(key) }
        return DONE
    }

    private fun nanos(time: Duration) = TimeUnit.NANOSECONDS.convert(time) // what is longer than a Long is for ever

    private companion object {
        const val LOAD = 0.75f
        val DONE: CompletionStage<*> = completedFuture(Unit)
    }
}
