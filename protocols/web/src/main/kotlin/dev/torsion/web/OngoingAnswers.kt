// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.TriggerHandle

/** Answers that go on until the server stops: then they end in order, before anybody waits for them. Thread: the reactor's. */
internal class OngoingAnswers(private val reactor: Reactor) {
    private val answers = LinkedHashSet<Exchange>()
    private var trigger: TriggerHandle? = null
    private var isOver = false

    /** The site listens. */
    fun begin() {
        isOver = false
    }

    /** [answer] goes on; not for long when this is over. */
    fun add(answer: Exchange) {
        if (isOver) return answer.endInOrder()
        answers.add(answer)
        if (trigger != null) return
        trigger =
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                trigger = null
                end()
                null
            }
    }

    fun remove(answer: Exchange) {
        if (!answers.remove(answer) || answers.isNotEmpty()) return
        trigger?.let(reactor::removeSystemEventTrigger)
        trigger = null
    }

    /** The server stops. */
    fun end() {
        isOver = true
        answers.toList().forEach { it.endInOrder() }
    }
}
