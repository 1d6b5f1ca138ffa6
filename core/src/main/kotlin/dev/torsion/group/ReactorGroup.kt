// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.succeed
import dev.torsion.log.readable
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorAlreadyRunningException
import dev.torsion.reactor.ReactorNotRestartableException
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.stopOnShutdown
import dev.torsion.reactor.stopWithin
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger

/**
 * Several reactors, each on a thread of its own. They share listening ports: a server for more than one core.
 *
 * ```kotlin
 * ReactorGroup.create(2).use { group ->
 *     group.start()
 *     group.listenTcp(8007, { Factory { Echo() } }).join()
 *     ...
 * }
 * ```
 *
 * Each connection belongs to one reactor. That reactor's thread makes all of its callbacks, so its state needs no locks. State that several
 * connections share needs them, since the connections may be on different threads. A [Factory] belongs to one reactor too, so a port has
 * one for each.
 *
 * The first reactor that has neither ended nor crashed accepts the connections of a port. It hands them to all reactors in turn, itself
 * included. It passes over a reactor that has ended or crashed, or has not taken its last connections yet. When the accepting reactor ends,
 * its ports are closed.
 *
 * Twisted has nothing of the kind: there several processes share a socket.
 *
 * Thread: all methods may be called on any thread. The futures of a group complete on the thread of one of its reactors. On the threads of
 * all of them, `join` and `get` throw [IllegalStateException], since such a thread would wait for itself.
 */
public class ReactorGroup private constructor(private val members: List<Reactor>, options: ReactorOptions) : AutoCloseable {
    private val closeDeadline = Duration.ofNanos(options.drainTimeout.saturatedNanos()).plus(CLOSE_DEADLINE)
    private val nextIndex = AtomicInteger()

    /** The reactors. Each is an ordinary one, with all rules of its thread. */
    public val reactors: List<Reactor> get() = members

    /**
     * The next reactor, in turn, that has neither ended nor crashed: for a client, or other work that any of them can do.
     *
     * @throws ReactorNotRunningException when there is none
     */
    public fun next(): Reactor {
        val first = nextIndex.getAndIncrement()
        return members.indices.map { members[Math.floorMod(first + it, members.size)] }.firstOrNull { it.state.takesConnections }
            ?: throw noneLeft()
    }

    private fun noneLeft() = ReactorNotRunningException("All reactors of $this have ended.")

    // Life.

    /**
     * Starts all reactors and returns once they run. When one cannot start, the reactors that this call has started are stopped.
     *
     * @throws ReactorAlreadyRunningException when one is running
     * @throws ReactorNotRestartableException when one was stopped
     */
    public fun start() {
        val started = ArrayList<Reactor>()
        try {
            for (reactor in members) {
                reactor.start()
                started.add(reactor)
            }
        } catch (e: Throwable) {
            started.forEach { it.stopFromThread() }
            throw e
        }
    }

    /** Asks all reactors to end, see [Reactor.stop], and returns at once. */
    public fun stopFromThread(): Unit = members.forEach { it.stopFromThread() }

    /**
     * [stopFromThread], then waits until all reactors have ended, each as by its own [stopAndJoin][Reactor.stopAndJoin]. A crashed reactor
     * runs once more, and a reactor that has never run is released, so that ports and connections are closed. When one of them fails to
     * end, the others end all the same. Then the first error is thrown, with the others as suppressed ones.
     *
     * @return whether all have ended within [timeout]
     * @throws IllegalStateException on the thread of one of the reactors, which would wait for itself
     * @throws InterruptedException when the calling thread is interrupted while it waits; the reactors end all the same
     */
    @Throws(InterruptedException::class)
    public fun stopAndJoin(timeout: Duration): Boolean {
        check(members.none { it.isInReactorThread }) { "stopAndJoin on a thread of the group would wait for itself: call stopFromThread()" }
        val deadline = System.nanoTime() + timeout.saturatedNanos()
        stopFromThread()
        var haveEnded = true
        var error: Throwable? = null
        for (reactor in members) {
            try {
                if (!reactor.stopAndJoin(Duration.ofNanos(deadline - System.nanoTime()))) haveEnded = false
            } catch (e: InterruptedException) {
                throw e
            } catch (e: Throwable) {
                error?.addSuppressed(e) ?: run { error = e }
            }
        }
        error?.let { throw it }
        return haveEnded
    }

    /**
     * [stopAndJoin] with 10 seconds more than [ReactorOptions.drainTimeout]. One second before that, shutdown triggers and peers are waited
     * for no more: connections that have something to send are reset, and the log says what was waited for. On the thread of one of the
     * reactors it only asks them to end. When the calling thread is interrupted, it waits no longer, and the thread stays interrupted.
     *
     * @throws IllegalStateException when they have not ended by then, since a callback or a thread of a pool is blocked
     */
    override fun close() {
        if (members.any { it.isInReactorThread }) return stopFromThread()
        val haveEnded =
            try {
                stopWithin(members, closeDeadline, ::stopAndJoin)
            } catch (_: InterruptedException) {
                Thread.currentThread().interrupt()
                false
            }
        check(haveEnded) { "$this has not ended within ${readable(closeDeadline)}" }
    }

    /** [stopOnShutdown][dev.torsion.reactor.stopOnShutdown] for all reactors. For programs, once. */
    public fun stopOnShutdown(timeout: Duration) {
        require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
        members.forEach { reactor -> reactor.callFromThread { reactor.stopOnShutdown(timeout) } }
    }

    // Ports.

    /**
     * Opens a TCP port and shares its connections among the reactors; [Reactor.listenTcp] for a group, with the same parameters. Before the
     * group runs, the port waits for it.
     *
     * The future fails with [CannotListenException][dev.torsion.net.CannotListenException] when the port is taken or not allowed, with an
     * exception of [factories] or of a `startFactory`, and with [ReactorNotRunningException] when the group has ended. Cancelling it, or
     * any stage derived from it, closes the port.
     *
     * @param factories gives each reactor a factory of its own
     */
    @JvmOverloads
    public fun listenTcp(
        port: Int,
        factories: GroupFactory,
        networkInterface: String = "",
        backlog: Int = ListeningPort.DEFAULT_BACKLOG,
        options: TcpOptions = TcpOptions.DEFAULT,
    ): CompletableFuture<GroupPort> =
        listening(factories) { reactor, factory -> succeed(reactor.listenTcp(port, factory, networkInterface, backlog, options)) }

    /** Opens a port with [open], called on the reactor that is to accept. */
    @JvmSynthetic
    internal fun listening(factories: GroupFactory, open: OpenPort): CompletableFuture<GroupPort> {
        val home = members.firstOrNull { it.state.takesConnections } ?: return CompletableFuture.failedFuture(noneLeft())
        return GroupListening(GroupLoop(home, members), members, factories, open).begin()
    }

    override fun toString(): String = "ReactorGroup($members)"

    public companion object {
        private val CLOSE_DEADLINE = Duration.ofSeconds(10)

        /**
         * A group of [size] new reactors, by default one for each processor. All of them have these [options], so several threads call the
         * listeners in them. The names of the threads are numbered, from 1.
         *
         * [reactors] makes each of them; the platform's unless given. All are to be of one kind, since they hand connections to each other.
         *
         * @throws IllegalArgumentException when [size] is not positive
         */
        @JvmStatic
        @JvmOverloads
        public fun create(
            size: Int = Runtime.getRuntime().availableProcessors(),
            options: ReactorOptions = ReactorOptions(),
            reactors: ReactorFactory = ReactorFactory { Reactor.create(it) },
        ): ReactorGroup {
            require(size > 0) { "a group has at least one reactor, but $size were asked for" }
            val made = ArrayList<Reactor>()
            val name = options.named().threadName
            try {
                repeat(size) { made.add(reactors.create(options.withThreadName("$name-${it + 1}"))) }
            } catch (e: Throwable) { // out of file descriptors: those that are there give theirs back
                made.forEach { it.stopAndJoin(CLOSE_DEADLINE) }
                throw e
            }
            return ReactorGroup(made, options)
        }
    }
}

/** Makes the reactors of a [ReactorGroup]. */
public fun interface ReactorFactory {
    /** A new reactor with these [options], which has not run. Thread: the one that makes the group. */
    public fun create(options: ReactorOptions): Reactor
}

/**
 * Gives each reactor of a group a factory of its own, for one port.
 *
 * ```java
 * group.listenTcp(8007, reactor -> new Factory(Echo::new));
 * ```
 */
public fun interface GroupFactory {
    /**
     * A new factory for [reactor]. That reactor's thread calls this, and the factory's `startFactory`, `buildProtocol` and `stopFactory`.
     * It must not be the same factory for two reactors.
     */
    @Throws(Exception::class)
    public fun factoryFor(reactor: Reactor): Factory
}
