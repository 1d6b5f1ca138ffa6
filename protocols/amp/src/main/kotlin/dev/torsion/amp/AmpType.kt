// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/**
 * What a value is in the program and on the wire; Twisted's `Argument` classes. [AmpTypes] has those of Twisted; make your own by a
 * subclass.
 *
 * ```kotlin
 * object UuidType : AmpType<UUID>("UUID") {
 *     override fun encode(value: UUID) = value.toString().encodeToByteArray()
 *     override fun decode(bytes: ByteArray) = UUID.fromString(bytes.decodeToString())
 * }
 * ```
 *
 * Thread: any; both functions may be called on several at once.
 *
 * @property name what messages call it
 */
public abstract class AmpType<T : Any>(
    public val name: String,
) {
    /**
     * The bytes of [value]: at most 65,535, which whoever calls checks.
     *
     * @throws IllegalArgumentException when it has no form on the wire
     */
    public abstract fun encode(value: T): ByteArray

    /**
     * The value of [bytes], which are this function's to keep.
     *
     * @throws IllegalArgumentException when they are none of this type; the message may quote them only escaped
     */
    public abstract fun decode(bytes: ByteArray): T

    override fun toString(): String = name
}
