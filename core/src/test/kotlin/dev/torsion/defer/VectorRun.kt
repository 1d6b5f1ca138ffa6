// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.ManualClock
import dev.torsion.clock.addTimeout
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

/** Runs one script of the Twisted vectors on Torsion's Deferred and writes down what happens, in the words of the vectors. */
internal class VectorRun {
    private val events = mutableListOf<String>()
    private val deferreds = LinkedHashMap<String, Deferred<Any?>>()
    private val locks = HashMap<String, ConcurrencyPrimitive<*>>()
    private val queues = HashMap<String, DeferredQueue<Any?>>()
    private val pauses = HashMap<String, Int>()
    private val futures = HashMap<String, CompletableFuture<Any?>>()
    private val clock = lazy { ManualClock() }

    fun whole(ops: JsonArray): List<String> {
        val unhandled = mutableListOf<String>()
        val thread = Thread.currentThread()
        // Another thread reports what other tests left to the garbage collector.
        val listener = UnhandledFailureListener { Thread.currentThread() === thread && unhandled.add(text(it.failure)) }
        UnhandledFailures.addListener(listener).use {
            UnhandledFailures.beginTurn()
            try {
                perform(ops)
                deferreds.forEach { (name, deferred) -> events.add("$name is ${state(deferred)}") }
                if (clock.isInitialized()) events.add("${clock.value.delayedCalls().size} timers")
            } finally {
                UnhandledFailures.endTurn()
            }
        }
        deferreds.values.forEach { it.addErrback { null } }
        events.add("unhandled " + unhandled.sorted().joinToString(" "))
        return events
    }

    private fun perform(ops: JsonArray) {
        for (op in ops) {
            val parts = op.jsonArray
            val kind = parts[0].jsonPrimitive.content
            try {
                Operation(parts).perform(kind)
            } catch (error: Exception) {
                events.add("$kind raised ${text(Failure(error))}")
            }
        }
    }

    private fun state(deferred: Deferred<Any?>): String = when {
        !deferred.called -> "unfired"
        deferred.isPaused -> "held"
        else -> settledText(deferred)
    }

    /** The result, by a step that passes it on: whether it is handled stays as it was. */
    private fun settledText(deferred: Deferred<Any?>): String {
        check(deferred.isSettled)
        var seen = ""
        deferred.addStep<Any?> { result -> result.also { seen = text(it) } }
        return seen
    }

    /** The arguments of one operation, by their positions. */
    private inner class Operation(private val parts: JsonArray) {
        fun word(index: Int) = parts[index].jsonPrimitive.content

        fun target() = deferreds.getValue(word(1))

        fun children() = parts[2].jsonArray.map { deferreds.getValue(it.jsonPrimitive.content) }

        fun flag(index: Int) = parts[index].jsonPrimitive.boolean

        fun limit(index: Int) = parts[index].let { if (it is JsonNull) DeferredQueue.UNLIMITED else it.jsonPrimitive.int }

        fun good(label: String, index: Int = 3) = Callback<Any?, Any?> { value -> ran(label, value, parts[index]) }

        fun bad(label: String, index: Int = 3) = Callback<Failure, Any?> { failure -> ran(label, failure, parts[index]) }

        fun perform(kind: String) {
            when (kind) {
                "new" -> deferreds[word(1)] = Deferred(canceller(word(1), word(2)))
                "fire" -> target().callback(parts[2].jsonPrimitive.int)
                "fail" -> target().errback(Scripted(word(2)))
                "cb" -> target().addCallback(good(word(2)))
                "eb" -> target().addErrback(bad(word(2)))
                "both" -> target().addBoth<Any?> { ran(word(2), (it as? Success)?.value ?: it as? Failure, parts[3]) }
                "pair" -> target().addCallbacks(good(word(2) + "+"), bad(word(2) + "-", 4))
                "cancel" -> target().cancel()
                "pause" -> pause(word(1))
                "unpause" -> unpause(word(1))
                "resume" -> if ((pauses[word(1)] ?: 0) > 0) unpause(word(1))
                "chain" -> target().chainDeferred(deferreds.getValue(word(2)))
                "list" -> deferreds[word(1)] = list().untyped()
                "gather" -> deferreds[word(1)] = gatherResults(children(), flag(3)).untyped()
                "race" -> deferreds[word(1)] = race(children()).untyped()
                "timeout" -> target().addTimeout(parts[2].jsonPrimitive.int.seconds, clock.value)
                "advance" -> clock.value.advance(parts[1].jsonPrimitive.int.seconds)
                "inline" -> deferreds[word(1)] = inlineCallbacks { block(word(2), parts[3].jsonArray) }
                "future" -> futures[word(2)] = target().toCompletableFuture(OwnThread)
                "cancel-future" -> futures.getValue(word(1)).cancel(false)
                "look" -> events.add("${word(1)} is ${state(futures.getValue(word(1)))}")
                "ladder" -> events.add(VectorLadders.compare(word(1), parts[2].jsonPrimitive.int))
                else -> performOnTools(kind)
            }
        }

        private suspend fun block(label: String, steps: JsonArray): Any? {
            for (step in steps) {
                val given = step.jsonArray[1]
                when (val kind = step.jsonArray[0].jsonPrimitive.content) {
                    "await", "try" ->
                        try {
                            events.add("$label got ${text(deferreds.getValue(given.jsonPrimitive.content).await())}")
                        } catch (error: Exception) {
                            events.add("$label met ${text(error)}")
                            if (kind == "await") throw error
                        }
                    "do" -> perform(given.jsonArray)
                    "raise" -> throw Scripted(given.jsonPrimitive.content)
                    else -> return given.jsonPrimitive.int
                }
            }
            return null
        }

        private fun performOnTools(kind: String) {
            when (kind) {
                "lock" -> locks[word(1)] = DeferredLock()
                "semaphore" -> locks[word(1)] = DeferredSemaphore(parts[2].jsonPrimitive.int)
                "acquire" -> deferreds[word(2)] = locks.getValue(word(1)).acquire().untyped()
                "release" -> locks.getValue(word(1)).release()
                "run" ->
                    deferreds[word(2)] =
                        locks.getValue(word(1)).run<Any?> {
                            events.add("${word(3)} runs")
                            behave(parts[4].jsonObject, null)
                        }
                "queue" -> queues[word(1)] = DeferredQueue(limit(2), limit(3))
                "put" -> queues.getValue(word(1)).put(parts[2].jsonPrimitive.int)
                "get" -> deferreds[word(2)] = queues.getValue(word(1)).get()
                else -> throw AssertionError("unknown operation $kind")
            }
        }

        private fun list(): Deferred<*> =
            if (flag(3)) DeferredList.firstResult(children(), flag(4), flag(5)) else DeferredList(children(), flag(4), flag(5))

        private fun canceller(name: String, kind: String): Canceller<Any?>? {
            if (kind == "none") return null
            return Canceller { deferred ->
                events.add("canceller of $name")
                when (kind) {
                    "callback" -> deferred.callback(parts[3].jsonPrimitive.int)
                    "errback" -> deferred.errback(Scripted(word(3)))
                    "cancel" -> deferred.cancel()
                    "raise" -> throw Scripted(word(3))
                    "callback-raise" -> {
                        deferred.callback(7)
                        throw Scripted(word(3))
                    }
                }
            }
        }
    }

    private fun state(future: CompletableFuture<Any?>): String = when {
        future.isCancelled -> "cancelled"
        !future.isDone -> "open"
        else -> future.handle { value, error -> if (error == null) text(value) else text(error) }.join()
    }

    private fun pause(name: String) {
        deferreds.getValue(name).pause()
        pauses.merge(name, 1, Int::plus)
    }

    private fun unpause(name: String) {
        pauses.computeIfPresent(name) { _, count -> maxOf(count - 1, 0) }
        deferreds.getValue(name).unpause()
    }

    private fun ran(label: String, given: Any?, behaviour: JsonElement): Any? {
        events.add("$label got ${text(given)}")
        return behave(behaviour.jsonObject, given)
    }

    private fun behave(behaviour: JsonObject, given: Any?): Any? {
        behaviour["do"]?.let { perform(it.jsonArray) }
        val then = behaviour.getValue("then").jsonArray
        return when (val kind = then[0].jsonPrimitive.content) {
            "pass" -> given
            "return" -> then[1].jsonPrimitive.int
            "raise" -> throw Scripted(then[1].jsonPrimitive.content)
            "failure" -> Failure(Scripted(then[1].jsonPrimitive.content))
            "deferred" -> deferreds.getValue(then[1].jsonPrimitive.content)
            else -> throw AssertionError("unknown behaviour $kind")
        }
    }

    private class Scripted(name: String) : Exception(name)

    private fun text(value: Any?): String = when (value) {
        is Failure -> text(value.value)
        is Success<*> -> text(value.value)
        is List<*> -> value.joinToString(", ", "[", "]", transform = ::text)
        is FirstResult<*> -> "(${text(value.value)}, ${value.index})"
        is ConcurrencyPrimitive<*> -> "permit"
        else -> value.toString()
    }

    private fun text(error: Throwable): String = when (error) {
        is Scripted -> "!${error.message}"
        is FirstError -> "!FirstError(${error.index}, ${text(error.subFailure)})"
        is FailureGroup -> "!FailureGroup[${error.failures.joinToString(", ", transform = ::text)}]"
        is DeferredCancelledException -> "!Cancelled"
        is DeferredTimeoutException -> "!TimedOut"
        is AlreadyCalledException -> "!AlreadyCalled"
        is QueueOverflow -> "!QueueOverflow"
        is QueueUnderflow -> "!QueueUnderflow"
        is NoSuchElementException -> "!Unknown"
        is ClassCastException, is NullPointerException -> "!WrongType"
        is IllegalStateException -> "!Misuse"
        else -> "!${error.javaClass.simpleName}"
    }

    /** A script runs on one thread, which is the loop of its futures. */
    private object OwnThread : LoopExecutor {
        override val inLoop = true

        override fun execute(task: Runnable) = task.run()
    }

    @Suppress("UNCHECKED_CAST")
    private fun Deferred<*>.untyped() = this as Deferred<Any?>
}
