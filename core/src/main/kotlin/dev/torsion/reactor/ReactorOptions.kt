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
import java.util.concurrent.atomic.AtomicInteger

/**
 * How a reactor is set up. Immutable.
 *
 * ```java
 * ReactorOptions options = ReactorOptions.builder().threadName("orders").shutdownTimeout(Duration.ofSeconds(30)).build();
 * ```
 *
 * @property threadName the name of the thread that [Reactor.start] makes. Unless one is given it is `torsion-reactor` for the first
 *   reactor, and `torsion-reactor2` and so on for the next ones
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
public class ReactorOptions private constructor(
    public val threadName: String,
    public val blockedThreshold: Duration,
    public val blockedLoopListener: BlockedLoopListener,
    public val errorListener: ErrorListener,
    public val resolver: HostResolverFactory,
    public val acceptsPerTurn: Int,
    public val readsPerTurn: Int,
    public val shutdownTimeout: Duration,
    public val threadFactory: ThreadFactory?,
    public val contextCarrier: ContextCarrier,
    public val drainTimeout: Duration,
) {
    init {
        require(!blockedThreshold.isNegative) { "blockedThreshold must not be negative, but is $blockedThreshold" }
        require(acceptsPerTurn > 0) { "acceptsPerTurn must be positive, but is $acceptsPerTurn" }
        require(readsPerTurn > 0) { "readsPerTurn must be positive, but is $readsPerTurn" }
        require(!shutdownTimeout.isNegative) { "shutdownTimeout must not be negative, but is $shutdownTimeout" }
        require(!drainTimeout.isNegative) { "drainTimeout must not be negative, but is $drainTimeout" }
    }

    @JvmSynthetic
    internal fun withThreadName(name: String) = Builder(this).threadName(name).build()

    /** These options for one more reactor: those that have no name of their own get distinct ones. */
    @JvmSynthetic
    internal fun named(): ReactorOptions {
        if (threadName != DEFAULT_NAME) return this
        val number = unnamed.incrementAndGet()
        return if (number == 1) this else withThreadName("$DEFAULT_NAME$number")
    }

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: ReactorOptions) {
        private var threadName: String = options.threadName
        private var blockedThreshold: Duration = options.blockedThreshold
        private var blockedLoopListener: BlockedLoopListener = options.blockedLoopListener
        private var errorListener: ErrorListener = options.errorListener
        private var resolver: HostResolverFactory = options.resolver
        private var acceptsPerTurn: Int = options.acceptsPerTurn
        private var readsPerTurn: Int = options.readsPerTurn
        private var shutdownTimeout: Duration = options.shutdownTimeout
        private var threadFactory: ThreadFactory? = options.threadFactory
        private var contextCarrier: ContextCarrier = options.contextCarrier
        private var drainTimeout: Duration = options.drainTimeout

        /** See [ReactorOptions.threadName]. */
        public fun threadName(value: String): Builder = apply { threadName = value }

        /** See [ReactorOptions.blockedThreshold]. */
        public fun blockedThreshold(value: Duration): Builder = apply { blockedThreshold = value }

        /** See [ReactorOptions.blockedLoopListener]. */
        public fun blockedLoopListener(value: BlockedLoopListener): Builder = apply { blockedLoopListener = value }

        /** See [ReactorOptions.errorListener]. */
        public fun errorListener(value: ErrorListener): Builder = apply { errorListener = value }

        /** See [ReactorOptions.resolver]. */
        public fun resolver(value: HostResolverFactory): Builder = apply { resolver = value }

        /** See [ReactorOptions.acceptsPerTurn]. */
        public fun acceptsPerTurn(value: Int): Builder = apply { acceptsPerTurn = value }

        /** See [ReactorOptions.readsPerTurn]. */
        public fun readsPerTurn(value: Int): Builder = apply { readsPerTurn = value }

        /** See [ReactorOptions.shutdownTimeout]. */
        public fun shutdownTimeout(value: Duration): Builder = apply { shutdownTimeout = value }

        /** See [ReactorOptions.threadFactory]. */
        public fun threadFactory(value: ThreadFactory?): Builder = apply { threadFactory = value }

        /** See [ReactorOptions.contextCarrier]. */
        public fun contextCarrier(value: ContextCarrier): Builder = apply { contextCarrier = value }

        /** See [ReactorOptions.drainTimeout]. */
        public fun drainTimeout(value: Duration): Builder = apply { drainTimeout = value }

        /** The options. @throws IllegalArgumentException when one is out of its range */
        public fun build(): ReactorOptions = ReactorOptions(
            threadName, blockedThreshold, blockedLoopListener, errorListener, resolver, acceptsPerTurn,
            readsPerTurn, shutdownTimeout, threadFactory, contextCarrier, drainTimeout,
        )
    }

    public companion object {
        private const val DEFAULT_NAME = "torsion-reactor"
        private val unnamed = AtomicInteger()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            threadName: String = DEFAULT_NAME,
            blockedThreshold: Duration = Duration.ofMillis(500),
            blockedLoopListener: BlockedLoopListener = BlockedLoopListener.logging(),
            errorListener: ErrorListener = ErrorListener { _, _ -> },
            resolver: HostResolverFactory = BlockingHostResolver.system(),
            acceptsPerTurn: Int = 64,
            readsPerTurn: Int = 4,
            shutdownTimeout: Duration = Duration.ofSeconds(10),
            threadFactory: ThreadFactory? = null,
            contextCarrier: ContextCarrier = ContextCarrier.mdc(),
            drainTimeout: Duration = Duration.ofSeconds(10),
        ): ReactorOptions = ReactorOptions(
            threadName, blockedThreshold, blockedLoopListener, errorListener, resolver, acceptsPerTurn,
            readsPerTurn, shutdownTimeout, threadFactory, contextCarrier, drainTimeout,
        )

        /** A builder that has the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(ReactorOptions())
    }
}
