// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.time.Duration
import java.util.Random
import java.util.concurrent.TimeUnit

/**
 * Decides what a network does with datagrams on their way; each may arrive once, several times, or never.
 *
 * ```kotlin
 * reactor.network.datagramFate = DatagramFate.random(seed = 7).loss(0.1).duplication(0.05).reordering(0.2).build()
 * ```
 *
 * Thread: the test's.
 */
public fun interface DatagramFate {
    /** Asked once for each datagram that is on its way to a port, in the order in which they were sent. [size] is its length in bytes. */
    public fun of(size: Int): Journey

    /**
     * The fate of one datagram.
     *
     * @property copies how long each copy is on its way; none: it is lost
     * @property overtakes whether it arrives before those that were sent before it, and are still on their way
     */
    public class Journey
    @JvmOverloads
    constructor(public val copies: List<Duration>, public val overtakes: Boolean = false) {
        init {
            require(copies.none { it.isNegative }) { "a datagram does not arrive before it was sent, but was given $copies" }
        }

        override fun toString(): String = "Journey($copies${if (overtakes) ", overtakes" else ""})"

        public companion object {
            /** It arrives once, without any time passing. */
            @JvmField
            public val UNHARMED: Journey = Journey(listOf(Duration.ZERO))

            /** It never arrives. */
            @JvmField
            public val LOST: Journey = Journey(emptyList())
        }
    }

    /** Sets what a network does by chance, for [random]. Probabilities are from 0 to 1; all are 0 at first. */
    public class Builder internal constructor(private val seed: Long) {
        private var loss = 0.0
        private var duplication = 0.0
        private var reordering = 0.0
        private var least = 0L
        private var most = 0L

        /** How many are lost. */
        public fun loss(probability: Double): Builder = apply { loss = checked(probability) }

        /** How many arrive twice. */
        public fun duplication(probability: Double): Builder = apply { duplication = checked(probability) }

        /** How many overtake those on the way before them. */
        public fun reordering(probability: Double): Builder = apply { reordering = checked(probability) }

        /** How long each copy is on its way: from [least] to [most], in virtual time. So later ones may arrive earlier. */
        public fun delay(least: Duration, most: Duration): Builder = apply {
            require(!least.isNegative && least <= most) { "a delay is from a shorter to a longer time, but $least and $most were given" }
            this.least = TimeUnit.NANOSECONDS.convert(least)
            this.most = TimeUnit.NANOSECONDS.convert(most)
        }

        private fun checked(probability: Double): Double {
            require(probability in 0.0..1.0) { "a probability is from 0 to 1, but $probability was given" }
            return probability
        }

        /** The fate. Those of one seed give the same journeys. */
        public fun build(): DatagramFate {
            val random = Random(seed)
            // The same number of throws for each, so that one setting does not change what another does.
            return named("random, seed $seed, loss $loss, duplication $duplication, reordering $reordering") {
                val isLost = random.nextDouble() < loss
                val isDoubled = random.nextDouble() < duplication
                val overtakes = random.nextDouble() < reordering
                val delays = listOf(delay(random), delay(random))
                if (isLost) Journey.LOST else Journey(if (isDoubled) delays else delays.take(1), overtakes)
            }
        }

        private fun delay(random: Random): Duration = Duration.ofNanos(least + (random.nextDouble() * (most - least)).toLong())
    }

    public companion object {
        /** Every datagram arrives once, in order, and without any time passing. */
        @JvmStatic
        public fun perfect(): DatagramFate = named("perfect") { Journey.UNHARMED }

        /** By chance, and the same each time for a [seed]. */
        @JvmStatic
        public fun random(seed: Long): Builder = Builder(seed)

        private fun named(name: String, fate: () -> Journey): DatagramFate = object : DatagramFate {
            override fun of(size: Int) = fate()

            override fun toString() = "DatagramFate($name)"
        }
    }
}
