// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.clock.saturatedNanos
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.safeString
import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import java.time.Duration
import kotlin.time.toJavaDuration

/**
 * Stops this reactor when the JVM is told to end, by Ctrl-C, a termination signal or `System.exit`. The shutdown triggers run, the reactor
 * waits for their Deferreds, and connections are closed, within [timeout]. One second before that is over, or a quarter of it, the reactor
 * waits no more for triggers and for peers: connections that have something to send are reset, and the log says what it has waited for.
 * Then the JVM ends with the exit code of the signal (130 for Ctrl-C, 143 for a termination signal). A second signal meanwhile ends it at
 * once.
 *
 * [Reactor.run] does this by itself, with [ReactorOptions.shutdownTimeout], unless that is zero. Call this for a reactor that was
 * [started][Reactor.start] or is driven by [Reactor.iterate], or for another time-out, which then holds for `run` too. Call it once, before
 * the reactor runs. The hook is taken out of the JVM when the reactor ends by itself.
 *
 * Code after `run` may not run any more: put necessary work into a shutdown trigger. `System.exit` on the reactor's own thread keeps that
 * thread, so no trigger could run, and the JVM ends without them. Call [Reactor.stop] instead. On a thread of the reactor's pool
 * `System.exit` is fine: it keeps that thread, and the shutdown does not wait for it then. A Deferred that waits for the thread that
 * called it ([Reactor.deferToThread], [deferToThreadPool], [Reactor.lookUp]) fails with [ReactorNotRunningException]. Other futures, such
 * as those of `CompletableFuture.runAsync`, do not tell their thread: the shutdown waits for them until [timeout].
 *
 * Thread: the reactor's.
 */
public fun Reactor.stopOnShutdown(timeout: Duration) {
    addShutdownHook(timeout)
}

/** [stopOnShutdown] with a Kotlin duration. */
@JvmSynthetic
public fun Reactor.stopOnShutdown(timeout: kotlin.time.Duration): Unit = stopOnShutdown(timeout.toJavaDuration())

internal fun Reactor.addShutdownHook(timeout: Duration): Thread {
    require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
    val hook = ShutdownHook(this, timeout)
    addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { hook.remove() }
    capability(ExitWatch::class.java)?.isInstalled = true
    hook.install()
    return hook
}

/** The part of a reactor that a [ShutdownHook] needs, as a [capability][Reactor.capability]. */
internal interface ExitWatch {
    /** Whether the program has called [stopOnShutdown] itself. */
    var isInstalled: Boolean

    /** Whether the reactor's thread waits for the JVM to end, which waits for this reactor. */
    val isLoopExiting: Boolean

    /** Waits no more for other threads that wait for the JVM to end; on any thread. */
    fun letGoOfExiting()
}

/** Runs when the JVM shuts down. */
internal class ShutdownHook(private val reactor: Reactor, private val timeout: Duration) : Thread("torsion-shutdown") {
    private val life = reactor.capability(LifeCycle::class.java)

    /** Adds this hook; when the JVM is ending already, there is nothing to wait for. */
    fun install() {
        try {
            Runtime.getRuntime().addShutdownHook(this)
        } catch (e: IllegalStateException) {
            log.debug("the JVM is ending: {reason}", LogKeys.REASON to e.message)
        }
    }

    fun remove() {
        try {
            Runtime.getRuntime().removeShutdownHook(this)
        } catch (e: IllegalStateException) {
            log.debug("the JVM is ending: {reason}", LogKeys.REASON to e.message) // this hook is what stops the reactor
        }
    }

    override fun run() {
        SecondSignal.endsTheJvm { life?.time?.processEnds() }
        if (hasEnded()) return
        // A loop that does not answer leaves connections, which the system would close as if all had been sent.
        val reset = life?.time?.processEnds() ?: 0
        if (waitsForUs()) tellOfExit() else tellTooLate()
        if (reset > 0) tellOfReset(reset)
    }

    private fun hasEnded(): Boolean {
        val deadline = System.nanoTime() + timeout.saturatedNanos()
        val margin = StopTime.margin(timeout)
        while (!waitsForUs()) {
            val left = deadline - System.nanoTime()
            if (left <= margin) life?.time?.endFromThread()
            val next = if (left > margin) left - margin else left
            if (reactor.stopAndJoin(Duration.ofNanos(next.coerceIn(0, LOOK_NANOS)))) return true
            if (System.nanoTime() >= deadline || reactor.state == LoopState.CRASHED) return false
        }
        return false
    }

    /** Whether the reactor's thread waits for the JVM, and so for this hook. Threads of its pool that do are waited for no more. */
    private fun waitsForUs(): Boolean {
        val watch = reactor.capability(ExitWatch::class.java) ?: return false
        watch.letGoOfExiting()
        return watch.isLoopExiting
    }

    private fun tellTooLate() = log.warn(
        "{reactor} has not ended within {timeout} of the JVM's shutdown: it waits for {waitsFor}",
        LogKeys.REACTOR to safeString(reactor),
        "timeout" to readable(timeout),
        "waitsFor" to life?.time?.waitsFor(),
    )

    private fun tellOfExit() = log.warn(
        "{reactor}: System.exit was called on the reactor's own thread, so its shutdown triggers cannot run",
        LogKeys.REACTOR to safeString(reactor),
    )

    private fun tellOfReset(connections: Int) = log.warn(
        "{reactor}: {connections} connections are reset with the end of the JVM, whose peers have not taken everything",
        LogKeys.REACTOR to safeString(reactor),
        "connections" to connections,
    )

    private companion object {
        /** So often it looks who waits for the JVM to end. */
        const val LOOK_NANOS = 100_000_000L
    }
}

private val log = Logger(Reactor::class.java)
