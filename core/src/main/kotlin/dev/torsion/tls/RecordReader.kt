// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.Address
import java.nio.ByteBuffer

/**
 * Puts what comes from the other side, at [address], together to records, and refuses what can be none of TLS. There is a buffer only while a
 * record is not whole.
 *
 * Thread: the loop's.
 */
internal class RecordReader(private val buffers: TlsBuffers, private val party: TlsParty, private val address: Address) {
    /** The record, as far as it has come; null when nothing of it has. */
    var record: ByteBuffer? = null
        private set

    /** Moves bytes of [data] to [record]; true when that is whole. [session] is null in the handshake. */
    fun fill(data: ByteBuffer, session: TlsSession?): Boolean {
        val whole = record ?: if (data.hasRemaining()) buffers.takeRecord().also { record = it } else return false
        if (whole.position() < TlsRecord.HEADER) {
            move(data, whole, TlsRecord.HEADER - whole.position())
            if (!TlsRecord.mayBegin(whole)) throw party.notTls(whole.duplicate().flip(), data, isFirst = session == null)
            if (whole.position() < TlsRecord.HEADER) return false
            checkHeader(whole, session)
        }
        val size = TlsRecord.size(whole)
        move(data, whole, size - whole.position())
        if (whole.position() < size) return false
        if (session == null) TlsRecord.plainFatalAlert(whole)?.let { throw party.alerted(it, address) }
        return true
    }

    private fun checkHeader(header: ByteBuffer, session: TlsSession?) {
        val size = TlsRecord.size(header)
        if (size > TlsRecord.MOST_BYTES) {
            throw TlsViolationException("${party.peer(address)} has sent a record of ${size - TlsRecord.HEADER} bytes: too long.", null)
        }
        if (TlsRecord.type(header) == TlsRecord.HANDSHAKE && session?.protocol == TLS_1_2) {
            throw TlsRenegotiationException("${party.peer(address)} wanted to renegotiate an open connection, which is refused.")
        }
    }

    private fun move(from: ByteBuffer, to: ByteBuffer, most: Int) {
        val count = minOf(most, from.remaining())
        if (count <= 0) return
        to.put(to.position(), from, from.position(), count)
        to.position(to.position() + count)
        from.position(from.position() + count)
    }

    /** The record was read up to its position: the rest, if there is any, is read once more. */
    fun keepRest() {
        record?.let { if (it.hasRemaining()) it.compact() else release() }
    }

    /** Forgets the record. */
    fun release() {
        record?.let(buffers::giveRecord)
        record = null
    }

    private companion object {
        const val TLS_1_2 = "TLSv1.2"
    }
}
