// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.TimerQueue
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredDebug
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Place
import dev.torsion.defer.Success
import dev.torsion.loop.ErrorListener
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixPortOptions
import dev.torsion.process.ChildProcess
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessMaker
import dev.torsion.reactor.EngineReactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.nioEngine
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamLoop
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.job
import java.net.InetAddress
import java.nio.file.Path
import java.time.Duration
import java.time.temporal.ChronoUnit
import java.util.concurrent.Callable
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicReference
import java.util.function.BooleanSupplier
import kotlin.coroutines.ContinuationInterceptor

/**
 * A reactor with a virtual clock and a network in memory: the production reactor and transports on channels that are not sockets.
 * Twisted's `MemoryReactorClock`.
 *
 * ```kotlin
 * val reactor = MemoryReactor()
 * reactor.listenTcp(8007, Factory { Echo() })
 * reactor.connectTcp("127.0.0.1", 8007, ClientFactory { Greeter() })
 * reactor.advance(1.seconds)
 * ```
 *
 * Nothing happens until the test says so: [advance], [pump] and [runFor] let time pass, as [VirtualClock] describes, [turn] runs a
 * single turn and [flush] all that can happen without any time passing. The first of these starts the reactor (its startup triggers
 * run) on the calling thread, which it belongs to from then on. [run] works too: it jumps from timer to timer until the reactor is
 * stopped, and throws an [AssertionError] when there is nothing left to wait for.
 *
 * An exception of a callback is reported as by any reactor, and thrown to the test at the end of the method that was driving, unless an
 * [ErrorListener] was given.
 *
 * Processes are those of [processes], which the test plays.
 *
 * Work for threads, as of [deferToThread], runs on another thread, so that the rules of threads are kept, while the reactor waits for
 * it: in a turn of its own, in the order given, and without any virtual time passing.
 *
 * Thread: the test's, by the rules of every reactor.
 *
 * @property clock the clock; time may be let pass on either
 * @property network the network
 */
@OptIn(TorsionSpi::class)
public class MemoryReactor private constructor(
    @get:JvmName("clock") public val clock: VirtualClock,
    @get:JvmName("network") public val network: MemoryNetwork,
    private val address: InetAddress?,
    private val timers: TimerQueue,
    private val listener: ErrorListener,
    options: ReactorOptions,
) : EngineReactor(
    options,
    nioEngine(options) { MemoryPoller(it, network, address, clock) },
    {
        network.calls.calling("nanoTime")
        clock.nanoTime()
    },
    timers,
),
    ProcessMaker,
    AutoCloseable {
    /** A reactor with a network of its own, on a [clock] that the test may have already. */
    @JvmOverloads
    public constructor(clock: VirtualClock = VirtualClock()) :
        this(clock, MemoryNetwork(), null, ErrorListener { _, error -> clock.failures.add(error) })

    private constructor(clock: VirtualClock, network: MemoryNetwork, address: InetAddress?, errorListener: ErrorListener) :
        this(
            clock,
            network,
            address,
            clock.timersForReactor(),
            errorListener,
            ReactorOptions(
                address?.hostAddress ?: "memory",
                blockedThreshold = Duration.ZERO,
                errorListener = heardBy(errorListener),
                resolver = network.resolver,
                shutdownTimeout = Duration.ZERO,
            ),
        )

    /** The errors of callbacks go to [errorListener] instead of the test. */
    public constructor(errorListener: ErrorListener) : this(VirtualClock(), MemoryNetwork(), null, errorListener)

    /**
     * Another reactor on the same clock and network, as another machine, with the numeric [address]. Its ports are open at this address
     * only. Its connections come from there. Loopback addresses mean the machine itself. [MemoryNetwork.link] finds the way between two
     * machines.
     *
     * ```java
     * var server = reactor.neighbour("10.0.0.1");
     * var client = reactor.neighbour("10.0.0.2");
     * reactor.network().link("10.0.0.1", "10.0.0.2").delay(Duration.ofMillis(40));
     * ```
     *
     * Letting time pass on one of them lets it pass on all. [turn] and [close] mean one of them only.
     *
     * @throws IllegalArgumentException when [address] is not numeric, or a machine has it already
     */
    public fun neighbour(address: String): MemoryReactor = MemoryReactor(clock, network, network.addMachine(address), listener)

    /** The programs that it can run; no others. */
    @get:JvmName("processes")
    public val processes: MemoryProcesses = MemoryProcesses()

    private val poller get() = engine.poller as MemoryPoller

    private val opened = LinkedHashMap<ListeningPort, Place?>()
    private val made = LinkedHashMap<Connector, Place?>()

    private val work = ConcurrentLinkedQueue<Runnable>()

    @Volatile
    private var home = Thread.currentThread() // of a test that has not driven this yet

    private val driver = Driver()

    /** The coroutine of a test that is running. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var testJob: Job? = null

    @Volatile
    private var isPoolStopped = false

    init {
        network.runsBy(clock)
        poller.driven = driver
        poller.idle = { elsewhere ->
            crash()
            throw AssertionError("$this has nothing left to wait for, and nobody has stopped it$elsewhere")
        }
        network.datagrams.later = { delay, arrival -> clock.callLater(delay, arrival) }
        clock.add(driver)
        LeakWatch.current()?.watch(this)
    }

    /** Every port that was opened, in order; those that were closed are listed too. */
    public val ports: List<ListeningPort> get() = opened.keys.toList()

    /** Every connector that was made, in order. */
    public val connectors: List<Connector> get() = made.keys.toList()

    // Driving.

    /**
     * Runs the startup triggers and takes the calling thread as the reactor's. Unlike other reactors it has no thread of its own: it
     * runs when it is driven.
     */
    override fun start(): Unit = clock.drivenUnlessInside(::begin)

    /** Runs until [stop], jumping from timer to timer. */
    override fun run(): Unit = clock.drivenUnlessInside { super.run() }

    /** See [VirtualClock.advance]. */
    public fun advance(by: Duration): Unit = clock.advance(by)

    /** See [VirtualClock.pump]. */
    public fun pump(vararg steps: Duration): Unit = clock.pump(*steps)

    /** See [VirtualClock.runFor]. */
    public fun runFor(time: Duration): Unit = clock.runFor(time)

    /** See [VirtualClock.runUntilIdle]. */
    @JvmOverloads
    public fun runUntilIdle(atMost: Duration = Duration.ofHours(1)): Unit = clock.runUntilIdle(atMost)

    /** See [VirtualClock.runUntil]. */
    @JvmOverloads
    public fun runUntil(condition: BooleanSupplier, atMost: Duration = Duration.ofMinutes(1)): Unit = clock.runUntil(condition, atMost)

    /** Runs all that can happen without any time passing: bytes arrive and are answered until nothing is on its way. */
    public fun flush(): Unit = clock.advance(Duration.ZERO)

    /** Runs a single turn: bytes that were written before it arrive. */
    public fun turn(): Unit = clock.driven {
        startIfNew()
        oneTurn()
    }

    /**
     * Waits for [result] as a test can: jumps from timer to timer until it has fired.
     *
     * @return its value; its failure is thrown
     * @throws AssertionError when there is nothing left to wait for, or after [atMost] of virtual time
     */
    @JvmOverloads
    public fun <T> await(result: Deferred<T>, atMost: Duration = Duration.ofMinutes(1)): T {
        var outcome: Outcome<T>? = null
        result.addBoth {
            outcome = it
            null
        }
        finish({ outcome != null }, atMost, "$result")
        return outcome!!.get()
    }

    /**
     * [await] for a stage or future of any kind, also one that another thread completes. A failure is thrown as it is, without
     * `CompletionException` around it.
     *
     * ```java
     * var server = reactor.await(torsion.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send)));
     * ```
     *
     * `join` and `get` would wait for ever on the test's thread, since only this thread lets time pass. A future of this reactor refuses
     * them.
     *
     * @return its value
     * @throws AssertionError when there is nothing left to wait for, or after [atMost] of virtual time
     * @throws java.util.concurrent.CancellationException when the stage was cancelled
     */
    @JvmOverloads
    public fun <T> await(result: CompletionStage<T>, atMost: Duration = Duration.ofMinutes(1)): T {
        val outcome = AtomicReference<Outcome<T>?>()
        result.whenComplete { value, error ->
            outcome.set(if (error == null) Success(value) else Failure((error as? CompletionException)?.cause ?: error))
        }
        finish({ outcome.get() != null }, atMost, "$result")
        return outcome.get()!!.get()
    }

    /** Runs until [isDone]; otherwise says why [what] can never, or did not in time, be done. */
    @JvmSynthetic
    internal fun finish(isDone: BooleanSupplier, atMost: Duration, what: String) {
        clock.drivenUntil(
            isDone,
            atMost,
            clock.patience,
            ifIdle = { throw AssertionError("$what has not ended, and there is nothing left to wait for in $this$it") },
            ifLate = { throw AssertionError("$what has not ended after $atMost of virtual time; waiting: ${clock.describeWaiting()}$it") },
        )
    }

    private fun startIfNew() {
        if (isNew) begin()
    }

    private fun oneTurn() {
        if (!isLooping) return
        if (!inLoop) moveToThisThread() // such as that of a test with a time-out, or of what comes after the test
        turn(mayWait = false)
        if (!isLooping) end()
    }

    private inner class Driver : VirtualClock.Loop {
        override fun turn() {
            startIfNew()
            oneTurn()
        }

        override val hasMore get() = isNew || (isLooping && !isQuiet)

        override val hasTasks get() = hasReadyWork()

        // A reactor that does not run has nothing to wait for: nobody would run it.
        override fun nextDeadline() = if (isNew || isLooping) minOf(timers.nextDeadline(), network.nextArrival()) else Long.MAX_VALUE

        override fun ownCalls() = if (timers === clock.timers) emptyList() else timers.calls()

        override fun coroutinesElsewhere() = listOfNotNull(scope.coroutineContext.job, testJob).flatMap { it.runningElsewhere() }

        override fun letGo() {
            if (isNew) close() else clock.driven { oneTurn() }
        }
    }

    private val isQuiet
        get() = !hasReadyWork() && nanosToNextTimer() > 0 && network.isQuiet && !poller.isReady

    /** The innermost coroutines below this that run on threads of their own. */
    private fun Job.runningElsewhere(): List<String> {
        if (!isActive) return emptyList()
        val inner = children.filter { it.isActive }.toList()
        if (inner.isNotEmpty()) return inner.flatMap { it.runningElsewhere() }
        val place = (this as? CoroutineScope)?.coroutineContext?.get(ContinuationInterceptor)
        return if (place == null || place === Dispatchers.Unconfined ||
            place.javaClass === dispatcher.javaClass
        ) {
            emptyList()
        } else {
            listOf("$this")
        }
    }

    /**
     * Ends the reactor: shutdown triggers run, ports and connections are closed. Time passes only when a peer does not take what was
     * written, see [ReactorOptions.drainTimeout]. One that was never started, or has crashed, ends too.
     */
    override fun close() {
        if (!isLooping) return endIdle()
        clock.driven { endWithTurns() }
        drain()
    }

    /** Peers that do not read have their time. */
    private fun drain() {
        if (isDraining) clock.drivenUntil({ !isDraining }, ChronoUnit.FOREVER.duration, Duration.ZERO, {}, {})
    }

    /** As [stopAndJoin] wants it; here the calling thread does so. */
    override fun endIdle() {
        clock.driven {
            beginToStop()
            endWithTurns()
        }
        drain()
    }

    private fun endWithTurns() {
        stopFromThread()
        do oneTurn() while (isLooping && !isQuiet)
    }

    // Threads.

    override fun callInThread(call: Runnable) {
        network.calls.calling("start thread")
        if (isPoolStopped) throw ThreadPoolStoppedException("the reactor of this pool has ended")
        work.add(call)
        try {
            callFromThread(::workInThread)
        } catch (e: ReactorNotRunningException) {
            work.remove(call)
            throw ThreadPoolStoppedException("the reactor of this pool has ended").apply { initCause(e) }
        }
    }

    private fun workInThread() {
        work.poll()?.let(LentThread::run)
    }

    /** As the end of a pool, the end of this reactor waits for the work that was taken. */
    override fun endThreads() {
        isPoolStopped = true
        repeat(work.size) { runCatching { workInThread() }.onFailure { reportError("a call in a thread failed", it) } }
    }

    override fun callInResolverThread(call: Runnable): Unit = callInThread(call)

    // Until it runs it has no thread, but only the test's can begin it.
    override val mustNotBlock: Boolean get() = super.mustNotBlock || (isNew && Thread.currentThread() === home)

    override val insteadOfBlocking: String get() = VirtualClock.INSTEAD

    override fun callFromThread(call: Runnable) {
        if (isNew && Thread.currentThread() !== home) {
            home = Thread.currentThread()
            clock.isUsedHere()
        }
        super.callFromThread(placed(call))
    }

    @Suppress("PARAMETER_NAME_CHANGED_ON_OVERRIDE") // an Executor of Java has no names
    override fun execute(command: Runnable): Unit = super.execute(placed(command))

    /** Things that [call] makes, such as a port, were made where it was handed over: by the test, as a rule. */
    private fun placed(call: Runnable) = if (DeferredDebug.enabled) Place.handedOver(call) else call

    override fun callInWorkerThread(call: Runnable): Unit = callInThread(call)

    override fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T {
        LentThread.refuseBlocking()
        check(!mustNotBlock) { "blockingCallFromThread on the thread that drives $this would wait for itself: $insteadOfBlocking" }
        return super.blockingCallFromThread(call)
    }

    // The network.

    override fun listenTcp(port: Int, factory: Factory, networkInterface: String, backlog: Int, options: TcpOptions): ListeningPort =
        super.listenTcp(port, factory, networkInterface, backlog, options).also { opened[it] = hereIfDebugging() }

    override fun connectTcp(host: String, port: Int, factory: ClientFactory, connecting: ConnectOptions, options: TcpOptions): Connector =
        super.connectTcp(host, port, factory, connecting, options).also { made[it] = hereIfDebugging() }

    override fun listenUdp(port: Int, protocol: DatagramProtocol, networkInterface: String, options: DatagramOptions): ListeningPort =
        super.listenUdp(port, protocol, networkInterface, options).also { opened[it] = hereIfDebugging() }

    override fun listenUnix(path: Path, factory: Factory, options: UnixPortOptions): ListeningPort =
        super.listenUnix(path, factory, options).also { opened[it] = hereIfDebugging() }

    override fun connectUnix(path: Path, factory: ClientFactory, timeout: Duration, checkPid: Boolean, options: StreamOptions): Connector =
        super.connectUnix(path, factory, timeout, checkPid, options).also { made[it] = hereIfDebugging() }

    @TorsionSpi
    override fun make(loop: StreamLoop, command: ProcessCommand): ChildProcess =
        MemoryProcess(loop, command, clock, processes, network.chunking).child

    private fun hereIfDebugging() = if (DeferredDebug.enabled) Place.here() else null

    // The leftovers of a test.

    /** Does what can be done without any time passing, unless the test has never started this reactor. */
    @JvmSynthetic
    internal fun settle() {
        if (isLooping) flush()
    }

    /** Lets time pass for a shutdown that waits for it. One that does not end then is cut short, and described. */
    @JvmSynthetic
    internal fun endlessShutdown(): String? {
        if (!isLooping) return null
        clock.drivenUntil({ !isLooping }, LONGEST_SHUTDOWN, Duration.ZERO, {}, {})
        if (!isLooping) return null
        val text = "a shutdown that does not end: $this waits for ${shutdownWaitsFor().joinToString()}"
        clock.driven {
            callFromThread(::crash)
            oneTurn()
        }
        return text
    }

    @JvmSynthetic
    internal fun leftovers(): List<String> {
        val openPorts = opened.filterKeys { it.isListening }.map { (port, place) -> "open port: $port${at(place)}" }
        val busy = made.filterKeys {
            it.state != Connector.State.DISCONNECTED
        }.map { (connector, place) -> "open connection: $connector${at(place)}" }
        val half =
            network.endsWithoutPeer().map { end ->
                val place = opened.entries.firstOrNull { (port, _) -> (port.host() as? InternetAddress)?.port == end.port }?.value
                "open connection: the end $end, whose other end is closed${at(place, "; its port was made at")}"
            }
        val running = processes.all.filter { it.isAlive && !it.command.leavesRunning }.map { "running process: $it" }
        return openPorts + busy + half + running
    }

    private fun at(place: Place?, what: String = ", made at") = if (place == null) "" else "$what ${place.site()}$place"

    private companion object {
        val LONGEST_SHUTDOWN: Duration = Duration.ofMinutes(1)

        /** [listener], which is the test's way to hear of errors: it need not look for them in the log. */
        fun heardBy(listener: ErrorListener): ErrorListener {
            val watch = LeakWatch.current()
            return ErrorListener { context, error ->
                watch?.reported(error)
                listener.errorReported(context, error)
            }
        }
    }
}
