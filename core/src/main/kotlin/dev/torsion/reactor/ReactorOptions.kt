// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.health.BlockedLoopListener
import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.ErrorListener
import dev.torsion.name.BlockingHostResolver
import dev.torsion.name.HostResolver
import dev.torsion.name.HostResolverFactory
import java.time.Duration
import java.util.concurrent.ThreadFactory

/**
 * How a reactor is set up. Immutable.
 *
 * ```java
 * ReactorOptions options = ReactorOptions.builder().threadName("orders").shutdownTimeout(Duration.ofSeconds(30)).build();
 * ```
 *
 * @property threadName the name of the thread that [Reactor.start] makes
 * @property blockedThreshold the time after which a callback that still holds the loop is reported, with its stack; 500 ms, zero for never
 * @property blockedLoopListener hears of such a callback, on the watching thread; the default logs a warning
 * @property errorListener hears of every exception of a callback, on the reactor's thread, after the log; and of those of work for the
 *   thread pool, on its thread
 * @property resolver looks host names up: a [HostResolver], a [BlockingHostResolver], or a factory that makes one for each reactor; by
 *   default the operating system's
 * @property acceptsPerTurn how many connections a port accepts before others get their turn
 * @property readsPerTurn how many times a connection is read in a row while it fills the read buffer, before others get their turn
 * @property shutdownTimeout the time that the reactor has to stop when the JVM is told to end while [Reactor.run] runs; 10 s, zero leaves
 *   it running. See [stopOnShutdown]
 * @property threadFactory makes the threads of the reactor's [pool][Reactor.threadPool]; null for platform threads
 * @property drainTimeout how long a reactor that stops waits for peers to take what was written, before it resets their connections; 10 s,
 *   zero resets them at once
 * @property contextCarrier carries the context of the thread that hands work to that pool; by default SLF4J's MDC
 */
public class ReactorOptions
@JvmOverloads
constructor(
    public val threadName: String = "torsion-reactor",
    public val blockedThreshold: Duration = Duration.ofMillis(500),
    public val blockedLoopListener: BlockedLoopListener = BlockedLoopListener.logging(),
    public val errorListener: ErrorListener = ErrorListener { _, _ -> },
    public val resolver: HostResolverFactory = BlockingHostResolver.system(),
    public val acceptsPerTurn: Int = 64,
    public val readsPerTurn: Int = 4,
    public val shutdownTimeout: Duration = Duration.ofSeconds(10),
    public val threadFactory: ThreadFactory? = null,
    public val contextCarrier: ContextCarrier = ContextCarrier.mdc(),
    public val drainTimeout: Duration = Duration.ofSeconds(10),
) {
    init {
        require(!blockedThreshold.isNegative) { "blockedThreshold must not be negative, but is $blockedThreshold" }
        require(acceptsPerTurn > 0) { "acceptsPerTurn must be positive, but is $acceptsPerTurn" }
        require(readsPerTurn > 0) { "readsPerTurn must be positive, but is $readsPerTurn" }
        require(!shutdownTimeout.isNegative) { "shutdownTimeout must not be negative, but is $shutdownTimeout" }
        require(!drainTimeout.isNegative) { "drainTimeout must not be negative, but is $drainTimeout" }
    }

    internal fun withThreadName(name: String) = Builder(this).threadName(name).build()

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(private var options: ReactorOptions) {
        /** See [ReactorOptions.threadName]. */
        public fun threadName(name: String): Builder = with(threadName = name)

        /** See [ReactorOptions.blockedThreshold]. */
        public fun blockedThreshold(threshold: Duration): Builder = with(blockedThreshold = threshold)

        /** See [ReactorOptions.blockedLoopListener]. */
        public fun blockedLoopListener(listener: BlockedLoopListener): Builder = with(blockedLoopListener = listener)

        /** See [ReactorOptions.errorListener]. */
        public fun errorListener(listener: ErrorListener): Builder = with(errorListener = listener)

        /** See [ReactorOptions.resolver]. */
        public fun resolver(resolver: HostResolverFactory): Builder = with(resolver = resolver)

        /** See [ReactorOptions.acceptsPerTurn]. */
        public fun acceptsPerTurn(count: Int): Builder = with(acceptsPerTurn = count)

        /** See [ReactorOptions.readsPerTurn]. */
        public fun readsPerTurn(count: Int): Builder = with(readsPerTurn = count)

        /** See [ReactorOptions.shutdownTimeout]. */
        public fun shutdownTimeout(timeout: Duration): Builder = with(shutdownTimeout = timeout)

        /** See [ReactorOptions.threadFactory]. */
        public fun threadFactory(factory: ThreadFactory?): Builder = with(threadFactory = factory)

        /** See [ReactorOptions.contextCarrier]. */
        public fun contextCarrier(carrier: ContextCarrier): Builder = with(contextCarrier = carrier)

        /** See [ReactorOptions.drainTimeout]. */
        public fun drainTimeout(timeout: Duration): Builder = with(drainTimeout = timeout)

        /** The options. */
        public fun build(): ReactorOptions = options

        private fun with(
            threadName: String = options.threadName,
            blockedThreshold: Duration = options.blockedThreshold,
            blockedLoopListener: BlockedLoopListener = options.blockedLoopListener,
            errorListener: ErrorListener = options.errorListener,
            resolver: HostResolverFactory = options.resolver,
            acceptsPerTurn: Int = options.acceptsPerTurn,
            readsPerTurn: Int = options.readsPerTurn,
            shutdownTimeout: Duration = options.shutdownTimeout,
            threadFactory: ThreadFactory? = options.threadFactory,
            contextCarrier: ContextCarrier = options.contextCarrier,
            drainTimeout: Duration = options.drainTimeout,
        ): Builder {
            options =
                ReactorOptions(
                    threadName, blockedThreshold, blockedLoopListener, errorListener, resolver,
                    acceptsPerTurn, readsPerTurn, shutdownTimeout, threadFactory, contextCarrier, drainTimeout,
                )
            return this
        }
    }

    public companion object {
        /** A builder that has the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(ReactorOptions())
    }
}
