// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/** The keys that a kind of box may have, sorted once, so that a box of this kind is written straight into its bytes. */
internal class BoxLayout(private val keys: List<String>) {
    private val order = keys.indices.sortedBy { keys[it] }.toIntArray()
    private val written = order.map { i -> ByteArray(LENGTH + keys[i].length).also { putKey(it, 0, keys[i]) } }.toTypedArray()

    /** The box with [values], one for each key in its place; those that are null are left out. */
    fun encode(values: Array<ByteArray?>): ByteArray {
        var size = LENGTH
        for (i in order.indices) {
            val value = values[order[i]] ?: continue
            checkLength(keys[order[i]], value)
            size += written[i].size + LENGTH + value.size
        }
        val out = ByteArray(size)
        var at = 0
        for (i in order.indices) {
            val value = values[order[i]] ?: continue
            written[i].copyInto(out, at)
            at = putValue(out, at + written[i].size, value)
        }
        return out
    }
}
