// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * A protocol that gets strings of bytes; the base of [Int8StringReceiver], [Int16StringReceiver], [Int32StringReceiver] and
 * [NetstringReceiver].
 *
 * ```kotlin
 * class Answer : Int32StringReceiver() {
 *     override fun stringReceived(string: ByteArray) = sendString(string)
 * }
 * ```
 */
public abstract class StringReceiver(framing: Framing) : FrameReceiver(framing) {
    /** A string arrived. The array is yours. */
    protected open fun stringReceived(string: ByteArray) {}

    /** The same without a copy: a read-only view, **valid only during this call**. The default copies it. */
    protected open fun stringReceived(view: ByteBuffer): Unit = stringReceived(view.copyOut())

    /** Sends [string]. @throws StringTooLongException when it is over the limit; then nothing is sent */
    public fun sendString(string: ByteArray): Unit = sendFrame(string)

    /** Sends the remaining bytes of [string], such as a string that has come, without a copy. @throws StringTooLongException likewise */
    public fun sendString(string: ByteBuffer): Unit = sendFrame(string)

    final override fun frameReceived(frame: ByteBuffer): Unit = stringReceived(frame)
}

/**
 * Strings behind a length of one byte; Twisted's `Int8StringReceiver`.
 *
 * @param maxLength the most bytes of a string; 255 is the most there can be
 */
public abstract class Int8StringReceiver
@JvmOverloads
constructor(maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
    StringReceiver(IntPrefixFraming(1, maxLength = maxLength))

/**
 * Strings behind a big-endian length of two bytes; Twisted's `Int16StringReceiver`.
 *
 * @param maxLength the most bytes of a string; 65,535 is the most
 */
public abstract class Int16StringReceiver
@JvmOverloads
constructor(maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
    StringReceiver(IntPrefixFraming(2, maxLength = maxLength))

/**
 * Strings behind a big-endian length of four bytes; Twisted's `Int32StringReceiver`.
 *
 * @param maxLength the most bytes of a string; 99,999 unless given
 */
public abstract class Int32StringReceiver
@JvmOverloads
constructor(maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
    StringReceiver(IntPrefixFraming(4, maxLength = maxLength))

/** Netstrings; Twisted's `NetstringReceiver`. @param maxLength the most bytes of a string; 99,999 unless given */
public abstract class NetstringReceiver
@JvmOverloads
constructor(maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
    StringReceiver(NetstringFraming(maxLength))
