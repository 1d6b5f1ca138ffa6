// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.framing.StatefulProtocol.State
import dev.torsion.testkit.StringTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** As in Twisted's tests: strings with a length of four bytes before them. */
private class Int32Strings(val received: Int32Strings.(String) -> Unit = {}) : StatefulProtocol() {
    val got = ArrayList<String>()

    override fun initialState() = State(4) { header ->
        val length = header.fold(0) { sum, byte -> sum * 256 + (byte.toInt() and 0xff) }
        if (length == 0) null else State(length, ::string)
    }

    private fun string(data: ByteArray): State {
        got.add(data.decodeToString())
        received(got.last())
        return initialState()
    }
}

private fun framed(vararg texts: String) = texts.map { it.encodeToByteArray() }.fold(ByteArray(0)) { all, text ->
    all + byteArrayOf(0, 0, (text.size shr 8).toByte(), text.size.toByte()) + text
}

class StatefulProtocolSpec :
    StringSpec({
        "pieces arrive whole, however the bytes are cut" {
            val bytes = framed("a", "", "bcd", "x".repeat(1000))
            for (size in listOf(1, 2, 3, 7, 500, bytes.size)) {
                val protocol = Int32Strings()
                protocol.makeConnection(StringTransport())
                bytes.asIterable().chunked(size).forEach { protocol.dataReceived(it.toByteArray()) }
                protocol.got shouldContainExactly listOf("a", "bcd", "x".repeat(1000))
                protocol.expectsBytes() shouldBe false
            }
        }

        "no piece is delivered after the end" {
            val protocol = Int32Strings { transport.loseConnection() }
            protocol.makeConnection(StringTransport())
            protocol.dataReceived(framed("one", "two"))
            protocol.got shouldContainExactly listOf("one")
        }

        "a length takes no memory before the bytes come, and none is no length" {
            val huge =
                object : StatefulProtocol() {
                    override fun initialState() = State(Int.MAX_VALUE) { null }
                }
            huge.makeConnection(StringTransport())
            huge.dataReceived(ByteArray(1000))
            huge.expectsBytes() shouldBe true
            shouldThrow<IllegalArgumentException> { State(0) { null } }
            shouldThrow<IllegalArgumentException> { State(-1) { null } }
        }

        "bytes of an unfinished piece do not look as if they had come by TLS" {
            val transport = StringTransport()
            val protocol = Int32Strings()
            protocol.makeConnection(transport)
            protocol.dataReceived(byteArrayOf(0, 0))
            protocol.tlsBegins()
            transport.isDisconnecting shouldBe true
        }

        "nor do bytes that have come behind the piece that asks for TLS" {
            val transport = StringTransport()
            val protocol = Int32Strings { tlsBegins() }
            protocol.makeConnection(transport)
            protocol.dataReceived(framed("STARTTLS"))
            transport.isDisconnecting shouldBe false
            protocol.dataReceived(framed("STARTTLS", "injected"))
            transport.isDisconnecting shouldBe true
            protocol.got shouldContainExactly listOf("STARTTLS", "STARTTLS")
        }
    })
