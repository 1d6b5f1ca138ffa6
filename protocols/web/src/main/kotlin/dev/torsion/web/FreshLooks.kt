// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * The states of files that were found lately. Each counts for [age] from the moment on in which somebody asked. Bytes of files are not
 * here: [FileContents] has them, with a limit, as long as the file is of that state.
 *
 * Thread: the loop's.
 */
internal class FreshLooks<K : Any>(age: Duration, private val nanoTime: () -> Long) {
    private class Look(val file: FoundFile, val at: Long)

    private val age = TimeUnit.NANOSECONDS.convert(age)
    private val looks = LinkedHashMap<K, Look>() // the oldest is the first

    /** How many there are. */
    val size: Int get() = looks.size

    /** The time from which on a look counts that is asked for now. */
    fun now(): Long = nanoTime()

    /** The file that was found at [key]; null when nobody has looked lately. */
    fun find(key: K): FoundFile? {
        val look = looks[key] ?: return null
        if (isFresh(look)) return look.file
        looks.remove(key)
        return null
    }

    /** [file] was found at [key], by a look that was asked for at [time]. */
    fun add(key: K, file: FoundFile, time: Long) {
        val look = Look(file, time)
        if (!isFresh(look)) return
        looks.remove(key)
        looks[key] = look
        val oldest = looks.values.iterator()
        while (oldest.hasNext()) {
            val first = oldest.next()
            if (looks.size <= MOST && isFresh(first)) return
            oldest.remove()
        }
    }

    private fun isFresh(look: Look) = nanoTime() - look.at < age

    companion object {
        /** How many there are at most: one file may have many names. */
        const val MOST = 4096
    }
}
