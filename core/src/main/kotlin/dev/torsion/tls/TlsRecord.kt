// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.nio.ByteBuffer

/** The outside of a record, which is never encrypted (RFC 8446, 5.1): a type, a version, the length of what follows. */
internal object TlsRecord {
    const val HEADER = 5

    /** With what TLS 1.2 may add to the 16 KiB of content; TLS 1.3 adds less. */
    const val MOST_LENGTH = 16 * 1024 + 2048
    const val MOST_BYTES = HEADER + MOST_LENGTH

    const val ALERT = 21
    const val HANDSHAKE = 22
    private val TYPES = 20..23
    private const val MAJOR_VERSION = 3
    private const val FATAL = 2

    fun type(record: ByteBuffer): Int = record.get(0).toInt() and 0xff

    /** How long the whole record is, by its header. */
    fun size(record: ByteBuffer): Int = HEADER + (record.getShort(HEADER - 2).toInt() and 0xffff)

    /** Whether a record may begin as [record] does, whose first bytes up to its position have come. */
    fun mayBegin(record: ByteBuffer): Boolean =
        (record.position() < 1 || type(record) in TYPES) && (record.position() < 2 || record.get(1).toInt() == MAJOR_VERSION)

    /**
     * The code of the fatal alert that [record], which is whole, has in the clear; null when it has none. Some refuse a certificate of TLS 1.3 so,
     * before they encrypt: the JDK takes that for a broken record.
     */
    fun plainFatalAlert(record: ByteBuffer): Int? {
        val isFatalAlert = type(record) == ALERT && size(record) == HEADER + 2 && record.get(HEADER).toInt() == FATAL
        return if (isFatalAlert) record.get(HEADER + 1).toInt() and 0xff else null
    }

    /** A record that no engine takes: it is longer than any may be. */
    fun wrong(): ByteBuffer = ByteBuffer.wrap(ByteArray(HEADER + 0xffff)).put(23).put(MAJOR_VERSION.toByte()).put(3).putShort(-1).rewind()

    /** A record that says why we end the connection, when there is no engine to make it. */
    fun alert(alert: TlsAlert): ByteBuffer =
        ByteBuffer.wrap(byteArrayOf(ALERT.toByte(), MAJOR_VERSION.toByte(), 3, 0, 2, FATAL.toByte(), alert.code.toByte()))
}
