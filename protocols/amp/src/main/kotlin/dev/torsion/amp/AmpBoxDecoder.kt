// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.log.escaped
import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/*
 *   state   reads                  and then
 *   ------  ---------------------  ----------------------------------------------------
 *   key     a length of 0          gives the box; begins another
 *   key     a length of 1..255     that many bytes, the key; then value
 *   key     a larger length        a violation, at the first byte of it
 *   value   any length             that many bytes, the value; then key
 *   any     more than the limits   a violation, at the length
 *   broken  anything               the violation again
 */

/**
 * Makes boxes of bytes. It knows no socket, and takes the bytes in pieces of any size.
 *
 * It keeps the bytes of an unfinished box. They take as much memory as has come, and not as much as a length announces. A key that comes
 * twice in a box is a violation. In Twisted the last one counts.
 *
 * Thread: one at a time.
 */
public class AmpBoxDecoder
@JvmOverloads
constructor(private val limits: AmpLimits = AmpLimits.DEFAULT) {
    private val keys = ArrayList<String>()
    private val values = ArrayList<ByteArray>()
    private var boxBytes = LENGTH
    private var key: String? = null
    private var high = NONE
    private var need = NONE
    private var piece = NO_BYTES
    private var have = 0
    private var broken: ProtocolViolationException? = null

    /** Whether a box has begun that is not whole yet. */
    public val isInBox: Boolean get() = keys.isNotEmpty() || key != null || high != NONE || need != NONE

    /**
     * The next box of [input], of which no more is read; or null when its bytes are not all there, and all of [input] was read.
     *
     * @throws ProtocolViolationException when this is no box, or one over the limits; after that, always
     */
    public fun decode(input: ByteBuffer): AmpBox? {
        broken?.let { throw it }
        while (true) {
            if (need == NONE && !length(input)) return null
            if (key == null && need == 0) return finish()
            val bytes = bytes(input) ?: return null
            need = NONE
            if (key == null) key = String(bytes, Charsets.ISO_8859_1) else add(bytes)
        }
    }

    private fun length(input: ByteBuffer): Boolean {
        if (high == NONE) {
            if (!input.hasRemaining()) return false
            high = input.get().toInt() and BYTE
            if (key == null && high != 0) violated("A key is longer than ${AmpBox.MAX_KEY_LENGTH} bytes, the limit.")
        }
        if (!input.hasRemaining()) return false
        need = (high shl 8) or (input.get().toInt() and BYTE)
        high = NONE
        if (key == null && need == 0) return true
        boxBytes += LENGTH + need
        if (boxBytes > limits.maxBoxBytes) violated("A box has more than ${limits.maxBoxBytes} bytes, the limit.")
        if (key == null && keys.size >= limits.maxPairs) violated("A box has more than ${limits.maxPairs} keys, the limit.")
        return true
    }

    /** The next [need] bytes, or null when they are not all there. */
    private fun bytes(input: ByteBuffer): ByteArray? {
        val length = need
        if (have == 0 && input.remaining() >= length) return ByteArray(length).also { input.get(it) }
        val count = minOf(length - have, input.remaining())
        if (have + count > piece.size) piece = piece.copyOf(minOf(length, maxOf(2 * piece.size, have + count, SMALLEST)))
        input.get(piece, have, count)
        have += count
        if (have < length) return null
        val whole = if (piece.size == length) piece else piece.copyOf(length)
        piece = NO_BYTES
        have = 0
        return whole
    }

    private fun add(value: ByteArray) {
        keys.add(key!!)
        values.add(value)
        key = null
    }

    private fun finish(): AmpBox {
        need = NONE
        checkKeys()
        val box = AmpBox(keys.toTypedArray(), values.toTypedArray())
        keys.clear()
        values.clear()
        boxBytes = LENGTH
        return box
    }

    private fun checkKeys() {
        if (keys.size > FEW) {
            if (HashSet(keys).size < keys.size) violated("A key comes twice in a box.")
            return
        }
        for (i in 1 until keys.size) {
            for (j in 0 until i) if (keys[i] == keys[j]) violated("The key \"${escaped(keys[i], SHOWN)}\" comes twice in a box.")
        }
    }

    private fun violated(message: String): Nothing {
        keys.clear()
        values.clear()
        piece = NO_BYTES
        throw ProtocolViolationException(message).also { broken = it }
    }

    private companion object {
        const val NONE = -1
        const val BYTE = 0xff
        const val FEW = 8
        const val SMALLEST = 64
        const val SHOWN = 40
        val NO_BYTES = ByteArray(0)
    }
}
