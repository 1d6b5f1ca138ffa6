// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.reasonOf
import dev.torsion.log.safeString
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessEnd
import dev.torsion.process.ProcessExitedAlreadyException
import dev.torsion.process.ProcessLeft
import dev.torsion.process.ProcessNotStarted
import dev.torsion.process.ProcessProtocol
import dev.torsion.process.ProcessTransport
import dev.torsion.process.spawnProcess
import dev.torsion.reactor.Reactor
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.function.Supplier

/**
 * Keeps a process running while it runs: a process that ends is started again. It is one process of Twisted's `procmon.ProcessMonitor`; a
 * [MultiService] keeps several.
 *
 * ```kotlin
 * val worker = ProcessService(reactor, ProcessCommand.of("worker", "--quiet"))
 * worker.startWith(reactor)
 * ```
 *
 * | event | then |
 * |---|---|
 * | the process ends after [threshold][ProcessServiceOptions.threshold] or later | the next one is started at once |
 * | it ends sooner, or could not be started | the next one is started after a delay, which doubles from [minRestartDelay][ProcessServiceOptions.minRestartDelay] to [maxRestartDelay][ProcessServiceOptions.maxRestartDelay] |
 * | the service stops | the process is told to end (TERM), and killed when it has not after [ProcessCommand.killAfter]; the service has stopped when it has ended |
 * | the service stops while it waits | it has stopped at once |
 *
 * There is never more than one process. A process has ended when its pipes are closed too. When something else holds them open, such as
 * its own child, they are closed [ProcessCommand.killAfter] after its exit.
 *
 * For a worker that is asked by messages see also [ClientService] with a [ProcessEndpoint][dev.torsion.endpoint.ProcessEndpoint], which
 * keeps a connection to a process.
 *
 * Thread: the reactor's.
 *
 * @param protocols makes the protocol of each process; unless given, what the process writes is logged, line by line. An exception at the start
 *   is thrown by [startService], and later counts as a failed start
 */
public class ProcessService
@JvmOverloads
constructor(
    private val reactor: Reactor,
    /** The program that is run. */
    public val command: ProcessCommand,
    /** When it is started again. */
    public val options: ProcessServiceOptions = ProcessServiceOptions.DEFAULT,
    private val protocols: Supplier<out ProcessProtocol> = Supplier { LoggedProcess(command) },
) : Service() {
    private val delays = ExponentialDelay(options.minRestartDelay, options.maxRestartDelay, factor = 2.0)
    private var run: Run? = null
    private var retry: DelayedCall? = null
    private var failures = 0 // in a row
    private var stopped: Deferred<Unit>? = null
    private var isOver = false // it has stopped, or its reactor has
    private val waiters = LinkedHashSet<Deferred<ProcessTransport>>()

    /** How often a process was started after the first one, or was tried to. On any thread. */
    @Volatile
    public var restarts: Int = 0
        private set

    /** How the last process has ended; null before the first end. On any thread. */
    @Volatile
    public var lastEnd: ProcessEnd? = null
        private set

    /**
     * The process that runs: at once when there is one, otherwise as soon as there is. It fails with [DeferredCancelledException] when the
     * service has stopped, or stops meanwhile. Before the first start it waits. Cancelling it ends the waiting.
     */
    public fun whenRunning(): Deferred<ProcessTransport> {
        val running = run?.takeIf { it.isUp }?.process
        return when {
            running != null -> succeed(running)
            isOver || stopped != null -> fail(noProcess())
            else -> Deferred<ProcessTransport> { waiters.remove(it) }.also(waiters::add)
        }
    }

    /**
     * Starts a new process without a delay: now when the service waits, otherwise as soon as the present process has been ended as for a stop.
     * Does nothing when the service does not run. In Twisted `restartAll`.
     */
    public fun restart() {
        if (!isRunning || stopped != null) return
        failures = 0
        val present = run
        if (present != null) return present.end(isReplaced = true)
        stopWaiting()
        launchAgain()
    }

    override fun onStart() {
        failures = 0
        isOver = false
        try {
            launch()
        } catch (e: Throwable) {
            run = null
            throw e
        }
    }

    override fun onStop(): Deferred<*> {
        val present = run
        if (present == null) {
            stopWaiting()
            tellStopped()
            return succeed(Unit)
        }
        val result = Deferred<Unit>().also { stopped = it }
        present.end(isReplaced = false)
        return result
    }

    private fun stopWaiting() {
        retry?.let { if (it.isActive) it.cancel() }
        retry = null
    }

    private fun launch() {
        retry = null
        Run().also { run = it }.begin() // before the program's code, which may stop this service
    }

    private fun launchAgain() {
        restarts++
        try {
            launch()
        } catch (e: Throwable) {
            log.failure("{service}: the process could not be started", e, LogKeys.SERVICE to safeString(this))
            val failed = run ?: return
            failed.stopTimers()
            over(failed, isFailed = true, reason = null)
        }
    }

    /** [ended] has no process any more. */
    private fun over(ended: Run, isFailed: Boolean, reason: ProcessEnd?) {
        if (run !== ended) return
        run = null
        val waiting = stopped
        if (waiting != null) {
            stopped = null
            tellStopped()
            waiting.callback(Unit)
        } else if (reason !is ProcessLeft && isRunning) {
            startAgain(ended, isFailed, reason)
        } else {
            tellStopped()
        }
    }

    private fun startAgain(ended: Run, isFailed: Boolean, reason: ProcessEnd?) {
        val delay = if (isFailed && !ended.isReplaced) Duration.ofNanos(delays.nanos(failures++)) else Duration.ZERO
        if (delay.isZero) failures = 0
        if (!ended.isReplaced) {
            log.warn(
                "{service}: the process has ended, and is started again in {delay}: {reason}",
                LogKeys.SERVICE to safeString(this),
                "delay" to readable(delay),
                LogKeys.REASON to (reason?.let(::reasonOf) ?: "it could not be started"),
            )
        }
        retry = reactor.callLater(delay.saturatedNanos(), TimeUnit.NANOSECONDS, ::launchAgain)
    }

    private fun tellStopped() {
        isOver = true
        taken().forEach { if (!it.called) it.errback(noProcess()) } // one of them may cancel another
    }

    private fun taken() = waiters.toList().also { waiters.clear() }

    private fun noProcess() = DeferredCancelledException("$this runs no process")

    override fun toString(): String {
        val state = when {
            run?.isUp == true -> "process ${run?.process?.pid()}"
            run != null -> "starting"
            retry != null -> "waiting"
            else -> if (isRunning) "ending" else "stopped"
        }
        return "${title()}($command, $state)"
    }

    /** One process, from before its start to its end; the protocol that the reactor sees. */
    private inner class Run : ProcessProtocol() {
        var process: ProcessTransport? = null
            private set
        var isUp = false
            private set
        var isReplaced = false // by our will, so that no delay follows
            private set
        private lateinit var inner: ProcessProtocol
        private var isEnding = false
        private var hasExited = false
        private var begunAt = 0L
        private var timer: DelayedCall? = null

        fun begin() {
            begunAt = reactor.nanoTime()
            inner = protocols.get()
            if (isEnding) return over(this, isFailed = false, reason = null) // the program has stopped it in that call
            process = reactor.spawnProcess(this, command)
        }

        /** Ends the process: its input, TERM, KILL, each when the one before does not do. */
        fun end(isReplaced: Boolean) {
            this.isReplaced = isReplaced
            if (isEnding) return
            isEnding = true
            val running = process?.takeIf { !hasExited } ?: return // not made yet, or its pipes will be closed
            if (!options.closesInput || !isUp) return terminate(running)
            running.closeStdin()
            after { terminate(running) }
        }

        private fun terminate(running: ProcessTransport) {
            signal(running, "TERM")
            after { signal(running, "KILL") }
        }

        private fun signal(running: ProcessTransport, name: String) {
            try {
                running.signalProcess(name).addErrback {
                    log.failure("{service}: a signal was not sent", it.value, LogKeys.SERVICE to safeString(this@ProcessService))
                }
            } catch (_: ProcessExitedAlreadyException) {
                // Its end is on its way.
            }
        }

        private fun after(call: () -> Unit) {
            stopTimers()
            timer = reactor.callLater(command.killAfter.saturatedNanos(), TimeUnit.NANOSECONDS, call)
        }

        fun stopTimers() {
            timer?.let { if (it.isActive) it.cancel() }
            timer = null
        }

        // The reactor's calls.

        override fun makeConnection(process: ProcessTransport) {
            this.process = process
            isUp = true
            inner.makeConnection(process)
            if (isEnding) return
            for (waiter in taken()) if (!waiter.called) waiter.callback(process)
        }

        override fun outReceived(view: ByteBuffer) = inner.outReceived(view)

        override fun errReceived(view: ByteBuffer) = inner.errReceived(view)

        override fun inConnectionLost() = inner.inConnectionLost()

        override fun outConnectionLost() = inner.outConnectionLost()

        override fun errConnectionLost() = inner.errConnectionLost()

        override fun processExited(reason: ProcessEnd) {
            isUp = false
            hasExited = true
            after { process?.loseConnection() } // something else may hold its pipes
            inner.processExited(reason)
        }

        override fun processEnded(reason: ProcessEnd) {
            isUp = false
            stopTimers()
            lastEnd = reason
            val isFailed = reason is ProcessNotStarted || reactor.nanoTime() - begunAt < options.threshold.saturatedNanos()
            try {
                inner.processEnded(reason)
            } finally {
                over(this, isFailed, reason)
            }
        }

        override fun logPrefix(): String = inner.logPrefix()
    }

    private companion object {
        val log = Logger(ProcessService::class.java)
    }
}
