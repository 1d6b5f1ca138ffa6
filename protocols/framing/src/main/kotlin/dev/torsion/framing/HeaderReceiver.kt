// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * A protocol that gets messages of a header and a body; see [HeaderFraming].
 *
 * ```kotlin
 * class Private : HeaderReceiver(HeaderFraming(Struct("<iii"), lengthField = 1)) {
 *     override fun messageReceived(header: StructValues, body: ByteArray) =
 *         sendMessage(StructValues.of(1, 0, 1001), "thanks".encodeToByteArray())
 * }
 * ```
 *
 * @param framing the layout of the header, and which of its values counts the bytes of the body
 */
public abstract class HeaderReceiver(framing: HeaderFraming) : FrameReceiver(framing) {
    private val content = Content.headed(framing.header, Content.bytes())

    /** A message arrived. The array is yours. */
    protected abstract fun messageReceived(header: StructValues, body: ByteArray)

    /**
     * Sends a message; the length in its [header] is put right.
     *
     * @throws EncodeException when the body is too long
     * @throws StructException when the values do not fit the header
     */
    public fun sendMessage(header: StructValues, body: ByteArray): Unit = content.encode(HeaderAndBody(header, body), framing, sink())

    final override fun frameReceived(frame: ByteBuffer) {
        val (header, body) = content.decode(frame)
        messageReceived(header, body)
    }
}
