// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

/** The events of a protocol, in order; [happened] wakes a test that waits for one. Thread: the reactor's. */
internal class Story(private val happened: () -> Unit) {
    private var depth = 0
    val events = ArrayList<String>()

    /** Remembers [event] and runs [callback]; one inside of another is marked. */
    fun note(event: String, callback: () -> Unit) {
        events.add(if (depth == 0) event else "$event inside of a callback")
        inside(callback)
    }

    /** Runs [callback] for an event that is not remembered. */
    fun inside(callback: () -> Unit) {
        depth++
        try {
            callback()
        } finally {
            depth--
            happened()
        }
    }
}
