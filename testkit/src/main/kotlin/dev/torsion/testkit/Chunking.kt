// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.util.Random
import java.util.function.IntUnaryOperator

/**
 * In which pieces a byte stream arrives. TCP keeps no boundaries, so a protocol must not care; run its tests under several of these.
 *
 * [newStream] is asked once for each direction of each connection. The result is asked before each read how many bytes of those
 * that have arrived, at least one, the reader gets. The answer is brought into that range. The rest follows in later turns.
 */
public fun interface Chunking {
    /** Decides for one direction of one connection. */
    public fun newStream(): IntUnaryOperator

    public companion object {
        /** All that has arrived. */
        @JvmStatic
        public fun whole(): Chunking = named("whole") { IntUnaryOperator { it } }

        /** One byte at a time. */
        @JvmStatic
        public fun byteByByte(): Chunking = fixed(1)

        /** [size] bytes at a time. */
        @JvmStatic
        public fun fixed(size: Int): Chunking {
            require(size > 0) { "a chunk has at least one byte, but $size were asked for" }
            return named("$size at a time") { IntUnaryOperator { size } }
        }

        /** The stream is cut once, after [position] bytes; try all of them to split a message at every place. */
        @JvmStatic
        public fun splitAt(position: Int): Chunking {
            require(position > 0) { "a cut leaves at least one byte before it, but was asked for after $position" }
            return named("cut after $position") {
                var left = position
                IntUnaryOperator { available ->
                    val size = if (left > 0) minOf(left, available) else available
                    left = maxOf(left - size, 0)
                    size
                }
            }
        }

        /** Pieces of 1 to [largest] bytes; the same [seed] gives the same pieces. */
        @JvmStatic
        @JvmOverloads
        public fun random(seed: Long, largest: Int = 64): Chunking {
            require(largest > 0) { "a chunk has at least one byte, but at most $largest were asked for" }
            return named("random, seed $seed, at most $largest") {
                val random = Random(seed)
                IntUnaryOperator { 1 + random.nextInt(largest) }
            }
        }

        private fun named(name: String, make: () -> IntUnaryOperator): Chunking = object : Chunking {
            override fun newStream() = make()

            override fun toString() = "Chunking($name)"
        }
    }
}
