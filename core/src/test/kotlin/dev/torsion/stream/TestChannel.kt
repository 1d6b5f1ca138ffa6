// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.Address
import dev.torsion.net.IPv4Address
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer

/** A channel that takes nothing and does nothing, until a test says what. */
internal open class TestChannel : StreamChannel {
    lateinit var handler: StreamHandler
    var closed = 0
    override val localAddress: Address = IPv4Address("10.0.0.1", 1)
    override val remoteAddress: Address = IPv4Address("10.0.0.2", 443)

    override fun start(handler: StreamHandler) {
        this.handler = handler
    }

    override fun handOver(handler: StreamHandler) = start(handler)

    override fun reading(on: Boolean) = Unit

    override fun send(data: ByteBuffer) = 0

    override fun notifyWhenWritable(on: Boolean) = Unit

    override fun endOutput() = Unit

    override fun finish() = true

    override fun close() {
        closed++
    }

    override fun abort() = Unit
}
