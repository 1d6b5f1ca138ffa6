// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Transport
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.Job
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.function.BooleanSupplier
import java.util.function.Supplier

/** A program for a [FaultSweep]: sets itself up on [SweepRun.reactor], and stops that when it is done. */
public fun interface SweepProgram {
    /** Called before the reactor runs, on its thread. */
    @Throws(Exception::class)
    public fun begin(run: SweepRun)
}

/**
 * One run of a program in a [FaultSweep], as the program sees it. The program tells which calls are calls of a user's code ([call]), what
 * is under way ([track]), what begins and ends in pairs ([begun], [ended]), and which errors have been handed to it ([heard]).
 *
 * Thread: the reactor's, and [call] and [heard] on any.
 */
public class SweepRun internal constructor(
    /** The reactor of this run. */
    @get:JvmName("reactor") public val reactor: Reactor,
    @get:JvmSynthetic
    internal val plan: Plan?,
    private val network: SweepNetwork,
) {
    @get:JvmSynthetic
    internal val points = ArrayList<Point>()

    @get:JvmSynthetic internal val told: MutableList<Throwable> = CopyOnWriteArrayList()

    @get:JvmSynthetic
    internal val wrongs = CopyOnWriteArrayList<String>()

    @get:JvmSynthetic internal val own = HashSet<DelayedCall>()

    @get:JvmSynthetic
    internal val lastActions = ArrayList<Runnable>()

    /** The error that the fault has thrown, once it has. */
    @Volatile
    @get:JvmSynthetic
    internal var injected: Throwable? = null
        private set

    @Volatile
    @get:JvmSynthetic
    internal var isInjected = false
        private set

    /** The stack at the point of the fault. */
    @get:JvmSynthetic
    internal var site: List<StackTraceElement> = emptyList()
        private set

    /** It has crashed before its shutdown: no trigger has run, as to stop services. */
    @get:JvmSynthetic
    internal var isCutShort = false
        private set

    private var isStopping = false
    private val owner = Thread.currentThread()
    private val counts = HashMap<String, Int>()
    private val names = HashMap<String, Int>()
    private val flights = LinkedHashMap<String, Flight>()
    private val connections = LinkedHashMap<String, Transport>()
    private val open = HashMap<String, Int>()

    private class Flight(val isDone: BooleanSupplier, val endsWithReactor: Boolean, val cancel: Runnable?)

    // The program's own marks.

    /** Runs [body], a piece of a user's code, with a point for faults before and one after it. */
    public fun <T> call(name: String, body: Supplier<T>): T = between(name, Kind.USER, body)

    /** [call] in a coroutine. There a `CancellationException` only ends the coroutine, and is nobody's error. */
    public fun <T> callInCoroutine(name: String, body: Supplier<T>): T = between(name, Kind.COROUTINE, body)

    /** [call] in a stage of a future. The JDK cannot end a stage with an exception whose `toString` throws, so no fault throws one here. */
    public fun <T> callInStage(name: String, body: Supplier<T>): T = between(name, Kind.STAGE, body)

    private fun <T> between(name: String, kind: Kind, body: Supplier<T>): T {
        pass("$name <", kind)
        return body.get().also { pass("$name >", kind) }
    }

    /** [result] is under way, until it fires. Faults cancel it. Its failure counts as [heard], and goes on in the chain. */
    public fun <T> track(name: String, result: Deferred<T>): Deferred<T> = track(name, result, endsWithReactor = true)

    /** The same. A [result] that does not end [with the reactor][endsWithReactor] waits for time to pass, or for the program. */
    public fun <T> track(name: String, result: Deferred<T>, endsWithReactor: Boolean): Deferred<T> {
        var isDone = false
        fly(name, Flight({ isDone }, endsWithReactor) { result.cancel() })
        return result.addBoth { outcome ->
            isDone = true
            if (outcome is Failure) heard(outcome.value)
            outcome.get()
        }
    }

    /** [future] is under way, until it is complete. Faults cancel it. */
    public fun <T> track(name: String, future: CompletableFuture<T>): CompletableFuture<T> {
        fly(name, Flight(future::isDone, true) { future.cancel(true) })
        future.whenComplete { _, error -> if (error != null) heard(error) }
        return future
    }

    /** [job] is under way, until it has ended. Faults cancel it. */
    public fun <J : Job> track(name: String, job: J): J {
        fly(name, Flight(job::isCompleted, true) { job.cancel(null) })
        return job
    }

    private fun fly(name: String, flight: Flight) {
        flights[numbered(name)] = flight
    }

    private fun numbered(name: String): String {
        val number = names.merge(name, 1, Int::plus)
        return if (number == 1) name else "$name#$number"
    }

    /** [transport] is a connection of the program, until it is [gone]. Faults close, abort, half-close and reset it. */
    public fun made(name: String, transport: Transport) {
        connections[numbered(name)] = transport
    }

    /** The connection [transport] is gone. */
    public fun gone(transport: Transport) {
        connections.values.remove(transport)
    }

    /** Something begins that has to end: once the run is over, each has to have been [ended] as often as begun. */
    public fun begun(what: String) {
        open.merge(what, 1, Int::plus)
    }

    /** Something that was [begun] has ended. */
    public fun ended(what: String) {
        if (open.merge(what, -1, Int::plus)!! < 0) wrong("$what has ended more often than begun")
    }

    /** [error] was handed to the program: as the reason of an end, as a failure, as an exception of a call. */
    public fun heard(error: Throwable) {
        told.add(error)
    }

    /** The program has planned [call], which may still wait when the reactor has ended. */
    public fun planned(call: DelayedCall): DelayedCall = call.also(own::add)

    /** The delayed calls that [block] makes are [planned] by the program. */
    public fun <T> planning(block: Supplier<T>): T {
        val before = reactor.delayedCalls().toSet()
        try {
            return block.get()
        } finally {
            own.addAll(reactor.delayedCalls() - before)
        }
    }

    /** The program does [action] when the reactor has ended, as to stop its loops. Anything left after that is wrong. */
    public fun atEnd(action: Runnable) {
        lastActions.add(action)
    }

    /** Says that something is [wrong] which only the program can see. */
    public fun wrong(what: String) {
        wrongs.add(what)
    }

    /** Stops the reactor, unless somebody has done so already. Thread: the reactor's. */
    public fun stop() {
        isStopping = true
        try {
            reactor.stop()
        } catch (_: ReactorNotRunningException) {
            // stopped by a fault
        }
    }

    // Points.

    @JvmSynthetic
    internal fun pass(name: String, kind: Kind) {
        val number = synchronized(counts) { counts.merge(name, 1, Int::plus)!! }
        if (plan == null) {
            val isOnLoop = Thread.currentThread() === owner
            val flying = if (isOnLoop) flights.filterValues { !it.isDone.asBoolean && it.cancel != null }.keys.toList() else emptyList()
            val point = Point(name, number, kind, isOnLoop, flying, if (isOnLoop) connections.keys.toList() else emptyList())
            synchronized(points) { points.add(point) }
        } else if (!isInjected && plan.isAt(name, number)) {
            isInjected = true
            site = Throwable().stackTrace.toList()
            inject(plan.fault)
        }
    }

    private fun inject(fault: Fault) {
        when (fault) {
            is Thrown -> throw fault.make().also { injected = it }
            Act.STOP -> if (Thread.currentThread() === owner) stop() else reactor.stopFromThread()
            Act.CRASH -> crash()
            Act.INTERRUPT -> Thread.currentThread().interrupt()
            is Hit -> hit(fault)
        }
    }

    private fun crash() {
        isCutShort = isStopping
        try {
            reactor.crash()
        } catch (_: ReactorNotRunningException) {
            // it has not begun yet, or has ended
        }
    }

    private fun hit(fault: Hit) {
        val transport = connections[fault.target]
        when (fault.how) {
            Hit.How.CANCEL -> flights[fault.target]?.cancel?.run()
            Hit.How.CLOSE -> transport?.loseConnection()
            Hit.How.ABORT -> transport?.abortConnection()
            Hit.How.HALF_CLOSE -> (transport as? HalfCloseableTransport)?.loseWriteConnection()
            Hit.How.RESET -> if (transport != null) network.reset(transport)
        }
    }

    // The end.

    /** The leftovers when the reactor has ended. */
    @JvmSynthetic
    internal fun leftovers(): List<String> {
        val waiting = flights.filterValues { it.endsWithReactor && !it.isDone.asBoolean }.keys.map { "$it is still waited for" }
        val unbalanced = open.filterValues {
            it > 0
        }.map { (what, count) -> "$what has begun and not ended${if (count > 1) " ($count)" else ""}" }
        return wrongs + waiting + unbalanced
    }
}

/** Acts on the connections of a sweep's network. */
internal fun interface SweepNetwork {
    fun reset(transport: Transport)
}

/** Whose code stands behind a point. */
internal enum class Kind { USER, COROUTINE, STAGE, SYSTEM }

/** A place in the course of a program. */
internal class Point(
    val name: String,
    val number: Int,
    val kind: Kind,
    val isOnLoop: Boolean,
    val flying: List<String>,
    val connections: List<String>,
) {
    override fun toString() = "$name $number"
}

/** One fault at one point. */
internal class Plan(val point: Point, val fault: Fault) {
    fun isAt(name: String, number: Int) = point.number == number && point.name == name

    override fun toString() = "$point: ${fault.word}"
}
