// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.core.spec.style.FunSpec
import kotlin.random.Random

/**
 * Tests that give [check] messages of [corpus], the same with faults, random bytes and random [words], each with a source of chance and a clue. There are
 * [rounds] of each kind. Random messages have fewer than [mostBytes] bytes or words.
 */
internal fun FunSpec.fuzzed(
    corpus: List<Case>,
    words: List<String>,
    rounds: Int,
    mostBytes: Int,
    check: (bytes: ByteArray, random: Random, clue: String) -> Unit,
) {
    fun each(bytes: (Random) -> ByteArray) {
        val first = Random.nextInt()
        repeat(rounds) { round ->
            val seed = first + round
            val random = Random(seed)
            check(bytes(random), random, "seed $seed")
        }
    }

    test("each message of the corpus, whole and in pieces") {
        for (case in corpus) check(case.bytes, Random(case.name.hashCode()), case.name)
    }

    test("messages of the corpus, several of them in a row, with faults put into them") {
        each { random ->
            val bytes = (1..random.nextInt(1, 4)).map { corpus[random.nextInt(corpus.size)].bytes }.reduce(ByteArray::plus)
            if (random.nextInt(4) == 0) bytes else mutated(bytes, random)
        }
    }

    test("random bytes, and random bytes of those that HTTP is made of") {
        each { random ->
            val size = random.nextInt(1, mostBytes)
            if (random.nextBoolean()) {
                random.nextBytes(size)
            } else {
                (1..size).joinToString("") { words[random.nextInt(words.size)] }.toByteArray(Charsets.ISO_8859_1)
            }
        }
    }
}
