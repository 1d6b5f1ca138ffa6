// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.util.function.LongSupplier

/**
 * Limits how fast connections read and write; in Twisted the `ThrottlingFactory` of `twisted.protocols.policies`. Set it with
 * [StreamOptions.withThrottle].
 *
 * There are limits for each connection, and limits for all connections that share this object, also on several reactors. A limit is a token
 * bucket: a connection that was quiet may send a burst, a quarter of a second's worth, before it is slowed down. No byte is lost. Bytes
 * that may not be sent yet wait in the write queue, with its marks and its limit. Bytes that may not be read yet stay with the operating
 * system, so that the peer slows down. The end of the peer's stream waits with them.
 *
 * ```kotlin
 * val slow = Throttle.builder().readPerConnection(64 * 1024).writeInAll(10_000_000).build()
 * val options = StreamOptions.DEFAULT.withThrottle(slow)
 * ```
 *
 * Thread: any.
 *
 * @see Throttle.Builder for the limits
 */
public class Throttle private constructor(builder: Builder) {
    private val readPerConnection = builder.readPerConnection
    private val writePerConnection = builder.writePerConnection
    private val readInAll = bucket(builder.readInAll)
    private val writeInAll = bucket(builder.writeInAll)

    /** The limits of one more connection, whose time is [time], in nanoseconds. */
    @JvmSynthetic
    internal fun forReading(time: LongSupplier) = Allowance(bucket(readPerConnection), readInAll, time)

    @JvmSynthetic
    internal fun forWriting(time: LongSupplier) = Allowance(bucket(writePerConnection), writeInAll, time)

    private fun bucket(perSecond: Long) = if (perSecond == Long.MAX_VALUE) null else TokenBucket(perSecond)

    /** Makes a [Throttle]. A rate that is not set is not limited. All rates are bytes for each second. */
    public class Builder internal constructor() {
        @get:JvmSynthetic
        @set:JvmSynthetic
        internal var readPerConnection = Long.MAX_VALUE

        @get:JvmSynthetic
        @set:JvmSynthetic
        internal var writePerConnection = Long.MAX_VALUE

        @get:JvmSynthetic
        @set:JvmSynthetic
        internal var readInAll = Long.MAX_VALUE

        @get:JvmSynthetic
        @set:JvmSynthetic
        internal var writeInAll = Long.MAX_VALUE

        /** How fast each connection reads. */
        public fun readPerConnection(bytesPerSecond: Long): Builder = apply { readPerConnection = checked(bytesPerSecond) }

        /** How fast each connection writes. */
        public fun writePerConnection(bytesPerSecond: Long): Builder = apply { writePerConnection = checked(bytesPerSecond) }

        /** How fast all connections together read. */
        public fun readInAll(bytesPerSecond: Long): Builder = apply { readInAll = checked(bytesPerSecond) }

        /** How fast all connections together write. */
        public fun writeInAll(bytesPerSecond: Long): Builder = apply { writeInAll = checked(bytesPerSecond) }

        /** The throttle. */
        public fun build(): Throttle = Throttle(this)

        private fun checked(rate: Long): Long {
            require(rate in LEAST..MOST) { "a rate must be $LEAST to $MOST bytes per second, but is $rate" }
            return rate
        }
    }

    public companion object {
        private const val LEAST = 16L // a bucket must hold a whole byte
        private const val MOST = 10_000_000_000L // more would overflow the arithmetic

        /** A builder without any limit. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/**
 * The bytes that one connection may move in one direction: as much as both its [own] bucket and the one of [all] have.
 *
 * When nothing is left, the connection reserves its next bytes, and waits until they are due. So connections that share a bucket get
 * something in turn.
 *
 * Thread: its loop's.
 */
internal class Allowance(private val own: TokenBucket?, private val all: TokenBucket?, private val time: LongSupplier) {
    private var reserved = 0L
    private var isWaiting = false

    val isLimited get() = own != null || all != null

    /** How many bytes may move now; less than 1 when none may. */
    fun available(): Long {
        if (isWaiting) return 0
        if (reserved > 0) return reserved
        val now = time.asLong
        return minOf(own?.available(now) ?: Long.MAX_VALUE, all?.available(now) ?: Long.MAX_VALUE)
    }

    /** [bytes] have moved; more than was [available] is a debt. */
    fun take(bytes: Long) {
        val beyond = maxOf(bytes - reserved, 0)
        reserved -= bytes - beyond
        if (beyond == 0L) return
        val now = time.asLong
        own?.take(beyond, now)
        all?.take(beyond, now)
    }

    /** Reserves what comes next. How long, in nanoseconds, until that is [due]. */
    fun reserve(): Long {
        val now = time.asLong
        reserved = minOf(own?.worthWhile ?: Long.MAX_VALUE, all?.worthWhile ?: Long.MAX_VALUE)
        isWaiting = true
        return maxOf(own?.reserve(reserved, now) ?: 0, all?.reserve(reserved, now) ?: 0)
    }

    /** The time of the reservation has come. */
    fun due() {
        isWaiting = false
    }

    /** The connection is gone: its reserved share is the others'. */
    fun end() {
        own?.giveBack(reserved)
        all?.giveBack(reserved)
        reserved = 0
    }
}

/**
 * A bucket that [perSecond] tokens run into, and that holds a quarter of a second's worth. It keeps the moment at which it will be full,
 * and so needs no timer (the generic cell rate algorithm of ITU-T I.371).
 *
 * Thread: any.
 */
internal class TokenBucket(private val perSecond: Long) {
    private var fullAt = 0L // in the time of the callers
    private var isNew = true

    /** A fiftieth of a second's worth: a token at a time would cost more than it moves. */
    val worthWhile: Long = maxOf(perSecond / 50, 1)

    @Synchronized
    fun available(now: Long): Long {
        val missing = missing(now)
        // Many that wait make this longer than the product below can be.
        return if (missing >= DEPTH) 0 else (DEPTH - missing) * perSecond / SECOND
    }

    @Synchronized
    fun take(count: Long, now: Long) {
        fullAt = now + missing(now) + nanos(count)
        isNew = false
    }

    /** Takes [count] tokens, which need not be there. How long until they are. */
    @Synchronized
    fun reserve(count: Long, now: Long): Long {
        take(count, now)
        return maxOf(missing(now) - DEPTH, 0)
    }

    /** Puts [count] tokens back that were taken. */
    @Synchronized
    fun giveBack(count: Long) {
        fullAt -= nanos(count)
    }

    private fun missing(now: Long) = if (isNew) 0 else maxOf(fullAt - now, 0)

    // Rounded up, so that the rate is never exceeded.
    private fun nanos(tokens: Long) =
        if (tokens < Long.MAX_VALUE / SECOND - 1) (tokens * SECOND + perSecond - 1) / perSecond else tokens / perSecond * SECOND

    private companion object {
        const val SECOND = 1_000_000_000L
        const val DEPTH = SECOND / 4
    }
}
