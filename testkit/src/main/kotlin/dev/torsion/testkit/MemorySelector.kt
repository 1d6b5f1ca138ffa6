// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.nio.SocketFiles
import dev.torsion.spi.TorsionSpi
import java.net.InetAddress
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily
import java.nio.channels.CancelledKeyException
import java.nio.channels.DatagramChannel
import java.nio.channels.Pipe
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.channels.spi.AbstractSelectableChannel
import java.nio.channels.spi.AbstractSelectionKey
import java.nio.channels.spi.AbstractSelector
import java.nio.channels.spi.SelectorProvider
import java.util.Collections
import java.util.function.Consumer

/**
 * Selectors and channels of [network], and the files of its UNIX sockets, for the machine with the address [home]; null for the one that has
 * all other addresses.
 */
@OptIn(TorsionSpi::class)
internal class MemorySelectorProvider(private val network: MemoryNetwork, val home: InetAddress?) :
    SelectorProvider(),
    SocketFiles by network.socketFiles {
    override fun openSelector(): AbstractSelector = MemorySelector(this, network).also(network.resources::add)

    override fun openSocketChannel(): SocketChannel {
        network.calls.calling("open")
        return MemorySocketChannel(this, network).also(network.resources::add)
    }

    override fun openSocketChannel(family: ProtocolFamily): SocketChannel = openSocketChannel()

    override fun openServerSocketChannel(): ServerSocketChannel = openServerSocketChannel(ofIPv4 = false)

    override fun openServerSocketChannel(family: ProtocolFamily): ServerSocketChannel =
        openServerSocketChannel(family == StandardProtocolFamily.INET)

    private fun openServerSocketChannel(ofIPv4: Boolean): ServerSocketChannel {
        network.calls.calling("open server")
        return MemoryServerChannel(this, network, ofIPv4).also(network.resources::add)
    }

    override fun openDatagramChannel(): DatagramChannel = openDatagramChannel(isIPv4 = false)

    override fun openDatagramChannel(family: ProtocolFamily): DatagramChannel =
        openDatagramChannel(isIPv4 = family == StandardProtocolFamily.INET)

    private fun openDatagramChannel(isIPv4: Boolean): DatagramChannel {
        network.calls.calling("open datagrams")
        return MemoryDatagramChannel(this, network, isIPv4).also(network.resources::add)
    }

    override fun openPipe(): Pipe = throw UnsupportedOperationException("no pipes in memory")
}

/** Which channels in memory are ready, in the order of their registration. It never waits. */
internal class MemorySelector(provider: SelectorProvider, private val network: MemoryNetwork) : AbstractSelector(provider) {
    private val registered = LinkedHashSet<MemoryKey>()
    private val selected = LinkedHashSet<SelectionKey>()

    /** Whether a channel is ready for an operation that it waits for. */
    val isReady get() = registered.any { it.isValid && it.ready != 0 }

    override fun selectNow(): Int {
        network.calls.calling("select")
        dropCancelled()
        return registered.count { it.isValid && it.ready != 0 && selected.add(it) }
    }

    // The inherited method goes through the keys in no particular order.
    override fun selectNow(action: Consumer<SelectionKey>): Int {
        network.calls.calling("select")
        dropCancelled()
        val ready = registered.filter { it.isValid && it.ready != 0 }
        ready.forEach(action)
        dropCancelled()
        return ready.size
    }

    override fun select(): Int = selectNow()

    override fun select(timeout: Long): Int = selectNow()

    override fun wakeup(): Selector = this

    override fun keys(): Set<SelectionKey> = Collections.unmodifiableSet(registered)

    override fun selectedKeys(): MutableSet<SelectionKey> = selected

    override fun register(channel: AbstractSelectableChannel, operations: Int, attachment: Any?): SelectionKey {
        network.calls.calling("register")
        val key = MemoryKey(this, channel)
        key.attach(attachment)
        key.interestOps(operations)
        registered.add(key)
        return key
    }

    private fun dropCancelled() {
        val cancelled = cancelledKeys()
        synchronized(cancelled) {
            cancelled.forEach { drop(it as MemoryKey) }
            cancelled.clear()
        }
    }

    private fun drop(key: MemoryKey) {
        registered.remove(key)
        selected.remove(key)
        deregister(key)
    }

    override fun implCloseSelector() {
        network.resources.remove(this)
        network.calls.calling("close selector")
        dropCancelled()
        registered.toList().forEach(::drop)
    }
}

private class MemoryKey(private val owner: Selector, private val channel: SelectableChannel) : AbstractSelectionKey() {
    private var interest = 0

    val ready get() = interest and (channel as MemoryChannel).readyOperations()

    override fun channel(): SelectableChannel = channel

    override fun selector(): Selector = owner

    override fun interestOps(): Int {
        checkValid()
        return interest
    }

    override fun interestOps(operations: Int): SelectionKey {
        checkValid()
        require(operations and channel.validOps().inv() == 0) { "$channel knows no operations $operations" }
        interest = operations
        return this
    }

    override fun readyOps(): Int {
        checkValid()
        return ready
    }

    private fun checkValid() {
        if (!isValid) throw CancelledKeyException()
    }
}
