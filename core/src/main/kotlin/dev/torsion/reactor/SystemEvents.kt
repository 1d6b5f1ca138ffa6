// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure

/** What [Reactor.addSystemEventTrigger] can wait for. */
public enum class SystemEvent {
    /** The loop begins. */
    STARTUP,

    /** The loop was asked to stop. */
    SHUTDOWN,
}

/** When, within a [SystemEvent], a trigger runs. */
public enum class Phase {
    /** First. A Deferred that such a trigger returns holds up the rest until it fires. */
    BEFORE,

    /** When all that came before is done. */
    DURING,

    /** Last. */
    AFTER,
}

/**
 * What to run at a [SystemEvent].
 *
 * ```kotlin
 * reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { database.close() } // its Deferred is waited for
 * ```
 */
public fun interface SystemEventTrigger {
    /** Runs on the reactor's thread. A Deferred that is returned holds up the next phase when this is a [Phase.BEFORE] trigger. */
    @Throws(Exception::class)
    public fun run(): Any?
}

/** Names one trigger, for [Reactor.removeSystemEventTrigger]. Immutable. */
public class TriggerHandle internal constructor(
    internal val owner: EventTriggers,
    internal val phase: Phase,
    internal val trigger: SystemEventTrigger,
)

/** The triggers of one [SystemEvent]; Twisted's `_ThreePhaseEvent`. */
internal class EventTriggers(
    private val event: SystemEvent,
    private val report: (String, Throwable) -> Unit,
) {
    private val waiting = Phase.entries.associateWith { ArrayDeque<TriggerHandle>() }

    fun add(
        phase: Phase,
        trigger: SystemEventTrigger,
    ): TriggerHandle = TriggerHandle(this, phase, trigger).also { waiting.getValue(phase).add(it) }

    fun remove(handle: TriggerHandle) {
        require(waiting.getValue(handle.phase).remove(handle)) { "this trigger was removed before, or has run" }
    }

    /**
     * Runs all phases, with the reactor's [own] part between the first two; [finished] is called at their end, which may come later when
     * a before-trigger returns a Deferred. When [own] says false by then, the rest is not wanted any more and does not run.
     */
    fun fire(
        own: () -> Boolean = { true },
        finished: () -> Unit = {},
    ) {
        val holdUps = ArrayList<Deferred<Any?>>()
        drain(Phase.BEFORE) { if (it is Deferred<*>) holdUps.add(it.cast()) }
        // One more than there are, so that those which have fired already cannot finish the phase before the loop below ends.
        var left = holdUps.size + 1
        val done = {
            if (--left == 0 && own()) {
                drain(Phase.DURING) {}
                drain(Phase.AFTER) {}
                finished()
            }
        }
        holdUps.forEach { holdUp ->
            // Reported before the first of them can go on: as if they had been gathered.
            holdUp.addErrback { failure ->
                report("a trigger before ${event.name.lowercase()} failed", failure.value)
                null
            }
        }
        holdUps.forEach { holdUp -> holdUp.addCallback { value -> value.also { done() } } }
        done()
    }

    @Suppress("UNCHECKED_CAST") // its value is passed on as it is
    private fun Deferred<*>.cast() = this as Deferred<Any?>

    private fun drain(
        phase: Phase,
        result: (Any?) -> Unit,
    ) {
        val triggers = waiting.getValue(phase)
        while (triggers.isNotEmpty()) {
            val handle = triggers.removeFirst()
            try {
                result(handle.trigger.run())
            } catch (e: Throwable) {
                report("a trigger ${phase.name.lowercase()} ${event.name.lowercase()} failed", e)
            }
        }
    }
}
