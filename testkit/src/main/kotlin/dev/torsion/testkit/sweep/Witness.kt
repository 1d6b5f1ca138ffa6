// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.defer.UnhandledFailure
import dev.torsion.defer.UnhandledFailures
import dev.torsion.log.LogEvent
import dev.torsion.log.LogObserver
import dev.torsion.log.LogPublisher
import dev.torsion.log.StandInException
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import org.slf4j.event.Level
import java.util.Collections
import java.util.IdentityHashMap
import java.util.concurrent.CancellationException
import java.util.concurrent.CopyOnWriteArrayList

/** Hears what a run logs and which failures nobody handles. Meanwhile nobody else hears it: a sweep breaks things by the thousand. */
internal class Witness : AutoCloseable {
    private val events = CopyOnWriteArrayList<LogEvent>()
    private val unhandled = CopyOnWriteArrayList<UnhandledFailure>()
    private val observer = LogObserver { events.add(it) }
    private val others = LogPublisher.global().observers()
    private val listening = UnhandledFailures.addListener { unhandled.add(it) }

    init {
        LogPublisher.global().addObserver(observer)
        others.forEach(LogPublisher.global()::removeObserver)
    }

    override fun close() {
        others.forEach(LogPublisher.global()::addObserver)
        LogPublisher.global().removeObserver(observer)
        listening.close()
    }

    /** Forgets what was heard. */
    fun clear() {
        events.clear()
        unhandled.clear()
    }

    /** The problems with the report of the injected error of [run], and the other errors. */
    fun complaints(run: SweepRun, thrown: Throwable?): List<String> {
        val injected = run.injected
        val wrong = ArrayList<String>()
        val isOurs: (Throwable?) -> Boolean = { injected != null && it != null && injected in it.graph() }
        if (injected != null) {
            // In another error it is what the program makes of an error that it was handed.
            val reports =
                events.count { it.level == Level.ERROR && it.throwable === injected } + unhandled.count { it.failure.value === injected }
            val isTold =
                reports > 0 || unhandled.any { isOurs(it.failure.value) } || isOurs(thrown) || run.told.any(isOurs) ||
                    events.any { it.mentions(injected) }
            if (!isTold && mustBeTold(run.plan!!)) wrong.add("the error is lost: it was neither reported nor delivered")
            if (reports > 1) wrong.add("the error was reported $reports times: ${events.filter { it.level == Level.ERROR }.map(::brief)}")
        }
        val isOther: (Throwable?) -> Boolean = { !isOurs(it) && !isConsequence(it, run.plan?.fault) }
        events.filter { it.level == Level.ERROR && isOther(it.throwable) }.mapTo(wrong) { "another error was logged: ${brief(it)}" }
        unhandled.filter { isOther(it.failure.value) }.mapTo(wrong) { "an unhandled failure: $it" }
        if (thrown != null && !isOurs(thrown)) wrong.add("run has thrown ${describe(thrown)}")
        return wrong
    }

    /** A coroutine that throws a cancellation has ended itself, and of several addresses one may fail: no errors. */
    private fun mustBeTold(plan: Plan) = when (plan.fault) {
        Thrown.CANCELLATION -> plan.point.kind != Kind.COROUTINE
        Thrown.DESCRIPTORS, Thrown.REFUSED -> plan.point.name !in setOf("open", "connect", "finishConnect")
        // A connection that lingers is gone for its protocol.
        Thrown.RESET -> plan.point.name !in setOf("read", "shutdownOutput")
        else -> true
    }

    /** The end of a connection, or of an attempt, is a coroutine's failure when it waits for just that; and an interrupt is reported. */
    private fun isConsequence(error: Throwable?, fault: Fault?) = error?.graph().orEmpty().any {
        it is CloseReason || it is CannotConnectException ||
            (it is InterruptedException && fault == Act.INTERRUPT) ||
            (it is CancellationException && fault is Hit && fault.how == Hit.How.CANCEL)
    }

    private fun LogEvent.mentions(error: Throwable): Boolean = (throwable != null && error in throwable!!.graph()) ||
        values.values.any { it === error || (it is String && (MARK in it || error.javaClass.name in it)) }

    private fun brief(event: LogEvent) = event.message.lines().first().take(MOST) + (event.throwable?.let { " (${describe(it)})" } ?: "")

    companion object {
        private const val MOST = 300

        /** The [error] in one line, with the place that has thrown it. */
        fun describe(error: Throwable): String {
            val site = error.stackTrace.firstOrNull { it.className.startsWith("dev.torsion") } ?: error.stackTrace.firstOrNull()
            return "${dev.torsion.log.safeString(error).take(MOST)} at ${site?.fileName}:${site?.lineNumber}"
        }

        private fun Throwable.graph(): Set<Throwable> {
            val seen = Collections.newSetFromMap(IdentityHashMap<Throwable, Boolean>())
            val left = ArrayDeque(listOf(this))
            while (true) {
                val next = left.removeFirstOrNull() ?: return seen
                if (!seen.add(next)) continue
                next.cause?.let(left::add)
                (next as? StandInException)?.let { left.add(it.original) }
                left.addAll(next.suppressed)
            }
        }
    }
}
