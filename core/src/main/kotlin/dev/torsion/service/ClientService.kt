// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.fail
import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.defer.succeed
import dev.torsion.defer.toWaitFor
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.reasonOf
import dev.torsion.log.safeString
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.DrainReport
import dev.torsion.net.DrainTimeoutException
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import org.slf4j.event.Level
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.TimeUnit

/**
 * Keeps one connection to [endpoint] while it runs; Twisted's `ClientService`. It connects, and connects again when an attempt fails or the
 * connection is lost.
 *
 * ```kotlin
 * val service = ClientService(clientFromString(reactor, "tcp:example.com:8007"), Factory { Chat() }, reactor)
 * service.startService()
 * val chat = service.whenConnected().await() as Chat
 * ```
 *
 * Its states and transitions:
 *
 * | state | start | attempt succeeds | attempt fails | prepared | not accepted | connection lost | time is up | stop |
 * |---|---|---|---|---|---|---|---|---|
 * | NEW, STOPPED | CONNECTING | | | | | | | |
 * | CONNECTING | | PREPARING | WAITING | | | | | DISCONNECTING: cancels the attempt, closes |
 * | PREPARING | | | | CONNECTED | REJECTING: aborts | WAITING | | DISCONNECTING: cancels the preparation, closes |
 * | REJECTING | | | | | | WAITING | | DISCONNECTING |
 * | CONNECTED | | | | | | WAITING | | DISCONNECTING: closes |
 * | WAITING | | | | | | | CONNECTING | STOPPED |
 * | DISCONNECTING | | closes | STOPPED | | | STOPPED | | |
 *
 * So there is never more than one connection. The next attempt, and the end of a stop, wait for the end of the connection before. They do
 * so also when the service is started while it stops, by the rule of every [Service], and when an attempt that has connected fails. A
 * failed attempt, or a failed preparation, counts for [retryPolicy] and for [whenConnected]. A good connection sets the count back to zero.
 * A lost connection counts as one failed attempt.
 *
 * Thread: the reactor's.
 *
 * @property endpoint where it connects to
 * @property factory makes the protocol of each connection
 * @param clock measures the time between attempts: the reactor
 * @property retryPolicy the time between attempts
 */
public class ClientService
@JvmOverloads
constructor(
    public val endpoint: ClientEndpoint,
    public val factory: Factory,
    private val clock: Clock,
    public val retryPolicy: RetryPolicy = RetryPolicy.DEFAULT,
) : Service() {
    private enum class State { NEW, CONNECTING, PREPARING, REJECTING, CONNECTED, WAITING, DISCONNECTING, STOPPED }

    private var state = State.NEW
    private var link: Link? = null
    private var retry: DelayedCall? = null
    private var waits = 0 // how often it has waited
    private var failedAttempts = 0
    private val waiters = LinkedHashSet<Waiter>()
    private var stopped: Deferred<Unit>? = null
    private var deadline: DelayedCall? = null

    /**
     * Called with the protocol of each new connection, for example to log in; null for nothing. [whenConnected] gives the protocol out only
     * after that. When it throws, the connection is aborted, with the exception as the cause. The service waits for a [Deferred], a stage or
     * a coroutine's job that it returns, and cancels it when the connection ends or the service stops. Any other result means nothing.
     */
    public var prepareConnection: Callback<Protocol, *>? = null

    /**
     * How long a stop waits for a peer that does not take what was written; 10 s. Then the connection is reset, with a
     * [DrainTimeoutException] as the cause, and the log says how many bytes were lost.
     *
     * @throws IllegalArgumentException when set to a negative time
     */
    public var drainTimeout: Duration = DrainReport.DEFAULT_TIMEOUT
        set(value) {
            require(!value.isNegative) { "drainTimeout must not be negative, but is $value" }
            field = value
        }

    /**
     * The protocol of the connection: at once when there is a connection, otherwise as soon as there is.
     *
     * It fails with [DeferredCancelledException] when the service has stopped, or stops meanwhile. Before the first start it waits.
     * Cancelling it ends the waiting.
     */
    public fun whenConnected(): Deferred<Protocol> = whenConnected(Waiter(Long.MAX_VALUE))

    /**
     * The same, but it also fails, with the reason, when [failAfterFailures] attempts in a row have failed from now on: 1 for the first
     * failure.
     *
     * @throws IllegalArgumentException when [failAfterFailures] is less than 1
     */
    public fun whenConnected(failAfterFailures: Int): Deferred<Protocol> {
        require(failAfterFailures >= 1) { "failAfterFailures must be 1 or more, but is $failAfterFailures" }
        return whenConnected(Waiter(failAfterFailures.toLong()))
    }

    private fun whenConnected(waiter: Waiter): Deferred<Protocol> {
        // A protocol hears of its end before this service does: a caller that asks then asks for the next connection.
        val connected = link?.built?.takeIf { state == State.CONNECTED && it.isConnected }
        return when {
            connected != null -> succeed(connected)
            state == State.STOPPED -> fail(noConnection())
            else -> waiter.result.also { waiters.add(waiter) }
        }
    }

    override fun onStart() {
        failedAttempts = 0
        connect()
    }

    override fun onStop(): Deferred<*> {
        val before = state
        state = State.DISCONNECTING
        val result = Deferred<Unit>().also { stopped = it }
        if (before == State.WAITING) {
            retry?.cancel()
            ended(null)
        } else {
            link?.stop(before)
            if (state ==
                State.DISCONNECTING
            ) {
                deadline =
                    clock.callLater(drainTimeout.saturatedNanos(), TimeUnit.NANOSECONDS) { link?.cut(drainTimeout) }
            }
        }
        return result
    }

    private fun connect() {
        retry = null
        state = State.CONNECTING
        val next = Link()
        link = next // before it connects: an endpoint may do so within the call
        next.connect()
    }

    /** There is no connection any more, or none has come about; the consequence is told last, when the state is right. */
    private fun ended(reason: Throwable?) {
        link = null
        if (state != State.DISCONNECTING) return waitBeforeRetry(reason)
        deadline?.let { if (it.isActive) it.cancel() }
        deadline = null
        state = State.STOPPED
        if (!isRunning) tell(waiters) { it.result.errback(noConnection()) } // otherwise it is about to be started again
        stopped?.callback(Unit)
    }

    private fun waitBeforeRetry(reason: Throwable?) {
        state = State.WAITING
        val mine = ++waits
        val delay = delay()
        if (state != State.WAITING || waits != mine) return // the policy has stopped the service
        retry = clock.callLater(delay.saturatedNanos(), TimeUnit.NANOSECONDS, ::connect)
        if (!log.isEnabled(Level.INFO)) return // the description is built for each retry
        log.info(
            "{service}: retry {retry} in {delay}: {reason}",
            LogKeys.SERVICE to safeString(this),
            "retry" to failedAttempts,
            "delay" to readable(delay),
            LogKeys.REASON to reason?.let(::reasonOf),
        )
    }

    private fun delay(): Duration = try {
        retryPolicy.delay(failedAttempts).also { require(!it.isNegative) { "a retry policy gave $it" } }
    } catch (e: Throwable) {
        log.failure("{service}: the retry policy has failed, so the default takes its place", e, LogKeys.SERVICE to safeString(this))
        RetryPolicy.DEFAULT.delay(failedAttempts)
    }

    /** Whether there was somebody to be told. */
    private fun tellFailure(failure: Failure): Boolean {
        val told = waiters.filter { --it.failuresLeft == 0L }
        tell(told) { it.result.errback(failure) }
        return told.isNotEmpty()
    }

    private fun reportUnheard(error: Throwable) {
        log.failure("{service}: connecting has failed with an error of the program", error, LogKeys.SERVICE to safeString(this))
    }

    private inline fun tell(told: Collection<Waiter>, how: (Waiter) -> Unit) {
        val all = told.toList()
        waiters.removeAll(all.toSet())
        all.forEach { if (!it.result.called) how(it) }
    }

    private fun noConnection() = DeferredCancelledException("$this makes no connections")

    override fun toString(): String = "${titleFor(factory)}(${safeString(endpoint)}, ${state.name.lowercase()})"

    /** Somebody who waits for a connection, for so many failures more. */
    private inner class Waiter(var failuresLeft: Long) {
        val result = Deferred<Protocol> { waiters.remove(this) }
    }

    /**
     * One attempt and the connection it leads to; the factory that the endpoint gets. It ends, once, when the attempt is over and the
     * connection that it has made is gone; then another may follow, and this one has no say any more.
     */
    private inner class Link : Factory() {
        var built: Protocol? = null
        private var connecting: Deferred<*>? = null
        private var preparing: Deferred<*>? = null
        private var isDecided = false // the attempt has succeeded or failed
        private var failure: Failure? = null
        private var lost: CloseReason? = null

        init {
            isNoisy = false
        }

        override fun startFactory() = factory.startQuietly()

        override fun stopFactory() = factory.stopQuietly()

        override fun logPrefix() = factory.safeLogPrefix()

        override fun buildProtocol(address: Address): Protocol? = factory.buildProtocol(address)?.also { new ->
            built = new
            lost = null
            new.whenEnded { if (built === new) connectionLost(it) }
        }

        fun connect() {
            val attempt = maybeAsyncDeferred { endpoint.connect(this) }.also { connecting = it }
            attempt
                .addCallback { checkNotNull(built) { "${safeString(endpoint)} has connected without a protocol of the factory" } }
                .addCallbacks(::made, ::failed)
            if (!isIn(State.CONNECTING)) attempt.cancel() // stopped in the call of the endpoint; does nothing when the attempt is over
        }

        private fun made(connected: Protocol) {
            isDecided = true
            val reason = lost
            when {
                reason != null -> ended(Failure(reason))
                isIn(State.CONNECTING) -> prepare(connected)
                else -> connected.transport.loseConnection() // it could not be cancelled any more
            }
        }

        private fun failed(reason: Failure) {
            isDecided = true
            val left = built?.takeIf { it.isConnected } ?: return ended(reason)
            failure = reason
            left.transport.loseConnection() // nobody will have it; its end is the end of the attempt
        }

        /** The attempt has failed with [reason], and no connection is left of it. */
        private fun ended(reason: Failure) {
            if (isIn(State.CONNECTING)) {
                failedAttempts++
                ended(reason.value)
                if (!tellFailure(reason) && isFault(reason.value)) reportUnheard(reason.value)
            } else if (link === this) {
                ended(reason.value)
            }
        }

        private fun prepare(connected: Protocol) {
            state = State.PREPARING
            val hook = prepareConnection ?: return prepared(connected)
            val result = maybeDeferred<Any?> { hook.call(connected).let { toWaitFor(it, clock) ?: it } }.also { preparing = it }
            result.addCallbacks<Any?>({ prepared(connected) }, { notAccepted(connected, it) })
            if (!isIn(State.PREPARING)) result.cancel() // the hook itself has ended the connection; does nothing when it is done
        }

        private fun prepared(connected: Protocol) {
            if (!isIn(State.PREPARING)) return
            state = State.CONNECTED
            failedAttempts = 0
            // One may stop the service or lose the connection: then the others wait for what comes of it.
            for (waiter in waiters.toList()) {
                if (!isIn(State.CONNECTED)) return
                if (waiters.remove(waiter) && !waiter.result.called) waiter.result.callback(connected)
            }
        }

        private fun notAccepted(connected: Protocol, failure: Failure) {
            if (!isIn(State.PREPARING)) {
                failure.trap(CancellationException::class.java)
                return
            }
            state = State.REJECTING
            failedAttempts++
            connected.transport.abortConnection(failure.value)
            tellFailure(failure)
        }

        private fun connectionLost(reason: CloseReason) {
            lost = reason
            if (!isDecided || link !== this) return // what connects will say so itself
            failure?.let { return ended(it) }
            val before = state
            if (before == State.CONNECTED || before == State.PREPARING) failedAttempts++
            ended(reason)
            if (before == State.PREPARING) {
                preparing?.cancel()
                tellFailure(Failure(reason))
            }
        }

        /** The service was in [before] when it was asked to stop. */
        fun stop(before: State) {
            if (before == State.CONNECTING) connecting?.cancel() else preparing?.cancel()
            // When it is cancelled in the protocol's connectionMade, for instance.
            built?.let { if (it.isConnected) it.transport.loseConnection() }
        }

        /** The peer has not taken everything in the [time] that it had. */
        fun cut(time: Duration) {
            val transport = built?.takeIf { it.isConnected }?.transport ?: return
            val unsent = transport.bufferedBytes
            transport.abortConnection(DrainTimeoutException(time))
            log.warn(
                "{service}: the connection was reset, whose peer had not taken {bytes} bytes within {timeout}",
                LogKeys.SERVICE to safeString(this@ClientService),
                "bytes" to unsent,
                "timeout" to readable(time),
            )
        }

        private fun isIn(expected: State) = link === this && state == expected
    }

    public companion object {
        private val log = Logger(ClientService::class.java)

        /** Whether [error] is a fault in the program, as of the factory, and not what becomes of attempts now and then. */
        private fun isFault(error: Throwable) = error is Error || (error is RuntimeException && error !is DeferredCancelledException)

        /** The constructor with a [preparation][prepareConnection], for Kotlin: Java sets that one. */
        @JvmSynthetic
        public operator fun invoke(
            endpoint: ClientEndpoint,
            factory: Factory,
            clock: Clock,
            retryPolicy: RetryPolicy = RetryPolicy.DEFAULT,
            prepareConnection: Callback<Protocol, *>?,
        ): ClientService = ClientService(endpoint, factory, clock, retryPolicy).also { it.prepareConnection = prepareConnection }
    }
}
