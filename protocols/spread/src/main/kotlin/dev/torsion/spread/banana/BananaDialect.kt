// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

/**
 * The dialects of Banana, of which both ends of a connection agree on one. They differ in whether frequent byte strings travel as numbers.
 *
 * @property wireName the name that the handshake uses
 */
public enum class BananaDialect(public val wireName: Bytes) {
    /** The vocabulary of Perspective Broker: any byte string that is one of its words travels as a number. */
    PB(Bytes.utf8("pb")),

    /** No vocabulary. Both ends also speak it before they agree on a dialect. */
    NONE(Bytes.utf8("none")),
}

/** The words of dialect `pb`, by their numbers; Twisted's `outgoingVocabulary`. */
internal object Vocabulary {
    private val words: Array<Bytes?> =
        arrayOf<Bytes?>(null) +
            (
                "None class dereference reference dictionary function instance list module persistent tuple unpersistable copy cache " +
                    "cached remote local lcache version login password challenge logged_in not_logged_in cachemessage message answer " +
                    "error decref decache uncache"
                ).split(' ').map(Bytes::utf8)

    private val numbers = HashMap<Bytes, Int>().apply { words.forEachIndexed { number, word -> if (word != null) put(word, number) } }

    private const val LONGEST = 13

    fun word(number: Long): Bytes? = if (number in 1 until words.size) words[number.toInt()] else null

    /** The number of [word], or 0. */
    fun number(word: Bytes): Int = if (word.size > LONGEST) 0 else numbers[word] ?: 0
}
