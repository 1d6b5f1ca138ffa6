// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.name.isIpv6

/** The text between two colons: an argument, or a key and its value; [start] and [valueStart] are where in the string. */
internal class Part(val start: Int, val key: String?, val valueStart: Int, val value: String)

/** Takes the string [text] apart at its colons. */
internal class EndpointSplitter(private val text: String) {
    private val parts = ArrayList<Part>()
    private val value = StringBuilder()
    private var key: String? = null
    private var start = 0
    private var valueStart = 0

    fun split(): List<Part> {
        var at = 0
        while (at < text.length) {
            val bracketed = if (at == valueStart) bracketedAddress(at) else 0
            if (bracketed > 0) {
                value.append(text, at, at + bracketed)
                at += bracketed
                continue
            }
            when (val c = text[at]) {
                '\\' -> {
                    if (++at == text.length) throw EndpointSyntaxException(text, "it ends in a lone backslash", at - 1)
                    value.append(text[at])
                }
                ':' -> endPart(at + 1)
                '=' -> if (key == null) endKey(at + 1) else value.append(c)
                else -> value.append(c)
            }
            at++
        }
        endPart(at)
        return parts
    }

    /** The length of the address of IPv6 in brackets that begins at [at], or 0. */
    private fun bracketedAddress(at: Int): Int {
        if (text[at] != '[') return 0
        val end = text.indexOf(']', at)
        return if (end > 0 && isIpv6(text.substring(at + 1, end))) end + 1 - at else 0
    }

    private fun endKey(next: Int) {
        key = value.toString()
        value.clear()
        valueStart = next
    }

    private fun endPart(next: Int) {
        parts.add(Part(start, key, valueStart, value.toString()))
        key = null
        value.clear()
        start = next
        valueStart = next
    }
}
