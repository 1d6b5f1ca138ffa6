// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.UnhandledFailures
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import java.time.Duration

/** Runs one script of the trigger vectors on Torsion and writes down what happens, in the words of the vectors. */
internal class TriggerRun(private val isReactor: Boolean) {
    private val events = mutableListOf<String>()
    private val deferreds = HashMap<String, Deferred<Any?>>()
    private val handles = HashMap<String, TriggerHandle>()
    private val added = HashMap<String, () -> TriggerHandle>()
    private val event = EventTriggers(SystemEvent.SHUTDOWN) { _, error -> reported(error) }
    private val reactor =
        HandTurnedReactor(
            disconnecting = { events.add("disconnect all") },
            ReactorOptions(blockedThreshold = Duration.ZERO, errorListener = { _, error -> reported(error) }),
        )

    fun whole(ops: JsonArray): List<String> {
        UnhandledFailures.beginTurn()
        try {
            ops.forEach { perform(JsonArray(listOf(it))) }
            deferreds.values.forEach { it.addErrback { null } }
        } finally {
            UnhandledFailures.endTurn()
        }
        return events
    }

    private fun reported(error: Throwable) {
        events.add("reported ${error.message}")
    }

    /** The result of a trigger that consists of [ops]. */
    private fun perform(ops: JsonArray): Any? {
        for (op in ops) {
            val parts = op.jsonArray
            val kind = parts[0].jsonPrimitive.content
            if (kind == "raise") throw Scripted(parts[1].jsonPrimitive.content)
            if (kind == "return") return deferred(parts[1].jsonPrimitive.content)
            try {
                perform(kind, parts)
            } catch (e: Exception) {
                if (e !is IllegalArgumentException && e !is IllegalStateException) throw e
                events.add("refused $kind" + if (kind == "remove" || kind == "thread") " ${parts[1].jsonPrimitive.content}" else "")
            }
        }
        return null
    }

    private fun perform(kind: String, parts: JsonArray) {
        fun word(index: Int) = parts[index].jsonPrimitive.content
        when (kind) {
            "add" -> add(word(1), phase(word(2)), parts)
            "add-again" -> handles[word(1) + "+"] = added.getValue(word(1))()
            "remove" -> handles[word(1)]?.let { if (isReactor) reactor.removeSystemEventTrigger(it) else event.remove(it) }
            "fire" -> event.fire()
            "callback" -> deferred(word(1)).let { if (!it.called) it.callback("value of ${word(1)}") }
            "errback" -> deferred(word(1)).let { if (!it.called) it.errback(Scripted("failure of ${word(1)}")) }
            "look" -> look(word(1))
            "run" -> reactor.beginByHand()
            "turn" -> reactor.turnByHand()
            "stop" -> reactor.stop()
            "crash" -> reactor.crash()
            "when" -> trigger(word(1), parts[2]).let { reactor.callWhenRunning { it.run() } }
            "thread" -> trigger(word(1), parts[2]).let { reactor.callFromThread { it.run() } }
            else -> throw AssertionError("unknown operation $kind")
        }
    }

    private fun phase(name: String) = Phase.valueOf(name.uppercase())

    private fun add(id: String, phase: Phase, parts: JsonArray) {
        val trigger = trigger(id, parts.last())
        val add = {
            if (isReactor) {
                reactor.addSystemEventTrigger(phase, SystemEvent.valueOf(parts[3].jsonPrimitive.content.uppercase()), trigger)
            } else {
                event.add(phase, trigger)
            }
        }
        added[id] = add
        handles[id] = add()
    }

    private fun trigger(id: String, actions: JsonElement) = SystemEventTrigger {
        events.add(
            "runs $id" + if (!isReactor) {
                ""
            } else if (reactor.isRunning) {
                " running"
            } else {
                " not running"
            },
        )
        perform(actions.jsonArray)
    }

    private fun look(name: String) {
        deferred(name).addBoth { outcome ->
            events.add("$name has " + if (outcome is Failure) outcome.value.message else outcome.get() ?: "None")
            outcome.get()
        }
    }

    private fun deferred(name: String) = deferreds.getOrPut(name) { Deferred() }

    /** Without a stack, which the log would show hundreds of times. */
    private class Scripted(message: String) : Exception(message, null, false, false)
}
