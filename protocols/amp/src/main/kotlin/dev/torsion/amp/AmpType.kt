// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/**
 * The two forms of a value, in the program and on the wire; Twisted's `Argument` classes. [AmpTypes] has the types of Twisted. A subclass
 * is a type of your own.
 *
 * ```kotlin
 * object UuidType : AmpType<UUID>("UUID") {
 *     override fun encode(value: UUID) = value.toString().encodeToByteArray()
 *
 *     override fun decode(bytes: ByteArray): UUID {
 *         require(bytes.size == 36) { "it has not 36 characters" }
 *         return UUID.fromString(bytes.decodeToString())
 *     }
 * }
 * ```
 *
 * Thread: any; both functions may be called on several at once.
 *
 * @property name the name of the type in messages
 */
public abstract class AmpType<T : Any>(public val name: String) {
    /**
     * The bytes of [value]. The caller checks that they are 65,535 at most.
     *
     * @throws IllegalArgumentException when it has no form on the wire
     */
    public abstract fun encode(value: T): ByteArray

    /**
     * The value of [bytes], which are this function's to keep.
     *
     * @throws IllegalArgumentException when they are none of this type. Its message, and those of its causes, are escaped and cut before anybody
     *   sees them, for they may quote the peer
     */
    public abstract fun decode(bytes: ByteArray): T

    override fun toString(): String = name
}
