// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Place
import dev.torsion.defer.toWaitFor
import java.util.concurrent.Executor

/** The events of the reactor's own life, for [Reactor.addSystemEventTrigger]. A program's own events have names. */
public enum class SystemEvent {
    /** The loop begins. */
    STARTUP,

    /** The loop was asked to stop. */
    SHUTDOWN,
}

/** The part of an event in which a trigger runs. */
public enum class Phase {
    /** First. A Deferred that such a trigger returns holds up the rest until it fires. */
    BEFORE,

    /** Second, when all triggers of [BEFORE] are done. */
    DURING,

    /** Last. */
    AFTER,
}

/**
 * A function to run at an event of the reactor.
 *
 * ```kotlin
 * reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { database.close() } // the shutdown waits for its Deferred
 * ```
 */
public fun interface SystemEventTrigger {
    /**
     * Runs on the reactor's thread. The Deferred of a [Phase.BEFORE] trigger holds up the next phase. So does a `CompletionStage`, or a
     * coroutine's `Job`.
     */
    @Throws(Exception::class)
    public fun run(): Any?
}

/** Names one trigger, for [Reactor.removeSystemEventTrigger]. Immutable. */
public class TriggerHandle internal constructor(
    @get:JvmSynthetic
    internal val owner: EventTriggers,
    @get:JvmSynthetic internal val phase: Phase,
    @get:JvmSynthetic
    internal val trigger: SystemEventTrigger,
    private val addedAt: Place?,
) {
    override fun toString(): String =
        "the trigger ${phase.name.lowercase()} $owner" + (addedAt?.let { " that was added at ${it.site()}" } ?: "")
}

/** All events of one reactor: its own two, and those that the program has named. */
internal class SystemEvents(private val loop: Executor? = null, private val report: (String, Throwable) -> Unit) {
    val startup = EventTriggers(SystemEvent.STARTUP, loop, this, report)
    val shutdown = EventTriggers(SystemEvent.SHUTDOWN, loop, this, report)
    private val named = HashMap<String, EventTriggers>()

    fun of(event: SystemEvent): EventTriggers = if (event == SystemEvent.STARTUP) startup else shutdown

    /** The event that the program calls so; the reactor's own have their names in small letters, as in Twisted. */
    fun of(name: String): EventTriggers {
        require(name.isNotBlank()) { "an event needs a name" }
        return own(name)?.let(::of) ?: named.getOrPut(name) { EventTriggers(name, loop, this, report) }
    }

    fun fire(name: String) {
        require(own(name) == null) { "the reactor itself fires \"$name\": it begins with run and ends with stop" }
        val event = named[name] ?: return
        event.fire(finished = { forget(event) })
    }

    /** A name without triggers is not kept: a program may make ever new ones. */
    private fun forget(event: EventTriggers) {
        if (event.isIdle) named.values.remove(event)
    }

    /** How many events of the program's have triggers. */
    val namedCount: Int get() = named.size

    fun remove(handle: TriggerHandle) {
        val owner = handle.owner
        require(owner.events === this) { "this trigger belongs to another reactor" }
        owner.remove(handle)
        forget(owner)
    }

    private fun own(name: String) = SystemEvent.entries.firstOrNull { it.name.lowercase() == name }
}

/** The triggers of one event; Twisted's `_ThreePhaseEvent`. */
internal class EventTriggers(
    private val event: String,
    private val loop: Executor? = null,
    /** All that it is one of. */
    val events: SystemEvents? = null,
    private val report: (String, Throwable) -> Unit,
) {
    constructor(
        event: SystemEvent,
        loop: Executor? = null,
        events: SystemEvents? = null,
        report: (String, Throwable) -> Unit,
    ) : this(event.name.lowercase(), loop, events, report)

    private val waiting = Phase.entries.associateWith { ArrayDeque<TriggerHandle>() }
    private var rest: Runnable? = null

    @Volatile
    private var holdUps: List<HoldUp> = emptyList()

    @Volatile
    private var running: TriggerHandle? = null
    private var isFiring = false

    /** Nobody waits for it, and it is not under way. */
    val isIdle: Boolean get() = !isFiring && waiting.values.all { it.isEmpty() }

    fun add(phase: Phase, trigger: SystemEventTrigger): TriggerHandle =
        TriggerHandle(this, phase, trigger, if (events?.shutdown === this) Place.here() else null).also { waiting.getValue(phase).add(it) }

    fun remove(handle: TriggerHandle) {
        require(waiting.getValue(handle.phase).remove(handle)) { "this trigger was removed before, or has run" }
    }

    /**
     * Runs all phases, with the reactor's [own] part between the first two; [finished] is called at their end, which may come later when
     * a before-trigger returns a Deferred: then [later] runs the rest, since the moment is inside a callback of that Deferred, and perhaps
     * of others. [own] is given what comes behind it, and runs that at once, later, or not at all when it is not wanted any more.
     */
    fun fire(own: (Runnable) -> Unit = Runnable::run, finished: () -> Unit = {}, later: (Runnable) -> Unit = { it.run() }) {
        isFiring = true
        val holdUps = ArrayList<HoldUp>()
        drain(Phase.BEFORE) { trigger, result -> toWaitFor(result, loop)?.let { holdUps.add(HoldUp(trigger, it.cast())) } }
        this.holdUps = holdUps
        val goOn = rest(own, finished)
        rest = goOn
        // One more than there are, so that those which have fired already cannot finish the phase before the loop below ends.
        var left = holdUps.size + 1
        val done: (Boolean) -> Unit = { isLater ->
            if (--left == 0) if (isLater) later(goOn) else goOn.run()
        }
        holdUps.forEach { holdUp ->
            // Reported before the first of them can go on: as if they had been gathered.
            holdUp.deferred.addErrback { failure ->
                report("a trigger before $event failed", failure.value)
                null
            }
        }
        holdUps.forEach { holdUp -> holdUp.deferred.addCallback { value -> value.also { done(true) } } }
        done(false)
    }

    /** Goes on although Deferreds of before-triggers have not fired: nobody is left to fire them. */
    fun goOn() {
        rest?.run()
    }

    private fun rest(own: (Runnable) -> Unit, finished: () -> Unit) = object : Runnable {
        private var hasRun = false

        override fun run() {
            if (hasRun) return
            hasRun = true
            if (rest === this) rest = null
            own {
                drain(Phase.DURING)
                drain(Phase.AFTER)
                isFiring = false
                finished()
            }
        }
    }

    /** The Deferreds of the before-triggers that have no result yet. */
    fun waitsFor(): List<Deferred<*>> = holdUps.filter { it.isWaiting }.map { it.deferred }

    /** The triggers that hold the event up: one that runs, and those whose Deferreds have no result yet. On any thread, which may see late. */
    fun heldUpBy(): List<TriggerHandle> = listOfNotNull(running) + holdUps.filter { it.isWaiting }.map { it.trigger }

    private class HoldUp(val trigger: TriggerHandle, val deferred: Deferred<Any?>) {
        val isWaiting get() = !deferred.called || deferred.isPaused
    }

    override fun toString(): String = event

    @Suppress("UNCHECKED_CAST") // its value is passed on as it is
    private fun Deferred<*>.cast() = this as Deferred<Any?>

    private fun drain(phase: Phase, result: (TriggerHandle, Any?) -> Unit = { _, _ -> }) {
        val triggers = waiting.getValue(phase)
        while (triggers.isNotEmpty()) {
            val handle = triggers.removeFirst()
            running = handle
            try {
                result(handle, handle.trigger.run())
            } catch (e: Throwable) {
                report("a trigger ${phase.name.lowercase()} $event failed", e)
            }
            running = null
        }
    }
}
