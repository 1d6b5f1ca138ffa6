// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * The way between two machines of a [MemoryNetwork], or between all of them. A test may change it at any moment, and all connections of
 * this link feel the change:
 *
 * ```java
 * var link = reactor.network().link("10.0.0.1", "10.0.0.2");
 * link.delay(Duration.ofMillis(80));
 * link.blackHole();
 * ```
 *
 * Made by [MemoryNetwork.link] and [MemoryNetwork.everywhere].
 *
 * Thread: the test's.
 */
public class MemoryLink internal constructor(
    private val network: MemoryNetwork,
    private val name: String,
    private val wider: MemoryLink?,
) {
    private var ownLatency: Long? = null
    private var isDark = false

    /** How long bytes that are sent now are on their way, in nanoseconds. */
    @get:JvmSynthetic
    internal val latency: Long get() = ownLatency ?: wider?.latency ?: 0

    /** Whether nothing arrives. */
    @get:JvmSynthetic
    internal val isBlackHole: Boolean get() = isDark || wider?.isBlackHole == true

    /**
     * Bytes that are written from now on arrive after [latency], in each direction. The order stays: they do not overtake what is on its
     * way. Datagrams take that time in addition to their [fate][MemoryNetwork.datagramFate]. An attempt to connect takes twice the time. The acknowledgements of TCP take none: they only make room in the writer's window.
     *
     * @throws IllegalArgumentException when [latency] is negative
     */
    public fun delay(latency: Duration): MemoryLink {
        require(!latency.isNegative) { "a latency must not be negative, but was $latency" }
        ownLatency = minOf(TimeUnit.NANOSECONDS.convert(latency), MOST)
        return this
    }

    /**
     * Nothing arrives any more, and nobody is told, until [restore]. Written bytes wait, since TCP sends them again and again. Datagrams are
     * lost. An attempt to connect waits until it times out.
     */
    public fun blackHole(): MemoryLink {
        isDark = true
        return this
    }

    /** Ends [blackHole] and [delay]. The bytes that waited arrive. */
    public fun restore(): MemoryLink {
        isDark = false
        ownLatency = null
        return this
    }

    /** Breaks all present connections of this link. Both ends see a reset at once, also in a [blackHole]. New connections are possible. */
    public fun cut(): Unit = network.cutAll(this)

    @JvmSynthetic
    internal fun isPartOf(other: MemoryLink): Boolean = this === other || wider?.isPartOf(other) == true

    override fun toString(): String = "MemoryLink($name, ${Duration.ofNanos(latency)}${if (isBlackHole) ", a black hole" else ""})"

    private companion object {
        const val MOST = Long.MAX_VALUE / 8
    }
}
