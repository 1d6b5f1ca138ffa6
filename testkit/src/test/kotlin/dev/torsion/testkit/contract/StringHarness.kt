// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(TorsionSpi::class)

package dev.torsion.testkit.contract

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.loop.ErrorListener
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.FactoryAcceptor
import dev.torsion.stream.StreamNetwork
import dev.torsion.stream.StreamTransport
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringChannel
import java.io.IOException
import java.time.Duration
import java.util.concurrent.Callable
import kotlin.time.Duration.Companion.milliseconds

/** The channel of a `StringTransport`, with another one as its other end: what one has sent arrives at the other. */
internal class StringHarness : StreamHarness() {
    override val reactor = MemoryReactor(ErrorListener { _, error -> errors.add(error) })
    private val loop = reactor.capability(StreamNetwork::class.java)!!
    private var lastPort = 0

    override fun await(work: Callable<Deferred<Unit>>) {
        val done = Deferred<Unit>()
        reactor.callFromThread { work.call().chainDeferred(done) }
        reactor.await(done)
    }

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort =
        StringPort(++lastPort, FactoryAcceptor(loop, factory, options.stream))

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector {
        val here = IPv4Address("192.0.2.1", ++lastPort)
        val there = IPv4Address("192.0.2.2", port.port())
        val ours = StringChannel(here, there, options)
        val theirs = StringChannel(there, here, options)
        val connector = StringConnector(factory)
        StringCable(ours, theirs).move()
        (port as StringPort).acceptor.accepted(theirs)
        val transport = StreamTransport.over(loop, ours, options.stream) { factory.clientConnectionLost(connector, it) }
        transport.start(factory.buildProtocol(transport.peer())!!)
        return connector
    }

    override fun close() = reactor.close()

    /** The cable between two ends: it moves what they have sent, at each moment of the clock. */
    private inner class StringCable(private val one: StringChannel, private val other: StringChannel) : EndsWithLoop {
        init {
            loop.streams.add(this)
            listOf(one, other).forEach { it.room = ROOM }
        }

        override fun loopEnded() {
            loop.streams.remove(this)
            listOf(one, other).filterNot { it.isOver }.forEach { it.handler?.loopEnded() }
        }

        fun move() {
            val isOver = one.isOver && other.isOver
            move(one, other)
            move(other, one)
            loop.streams.turnBegan()
            if (isOver) loop.streams.remove(this) else reactor.callLater(1.milliseconds, ::move)
        }

        private fun move(from: StringChannel, to: StringChannel) {
            val bytes = from.sent()
            from.clear()
            if (!to.isOver) {
                to.arrive(bytes)
                if (from.isAborted || (from.isOver && from.hasUnread)) {
                    to.handler?.broken(IOException("Connection reset by peer"))
                } else if (from.isOutputEnded || from.isFinishing || from.isOver) {
                    to.end()
                }
                to.deliver()
            } else if (bytes.isNotEmpty() && !from.isOver) {
                from.handler?.broken(IOException("Broken pipe"))
            }
            if (!to.hasUnread || to.isOver) {
                from.room = ROOM
                from.tellRoom()
            }
            if (from.isFinishing && (to.isOver || !to.hasUnread)) from.finished()
        }
    }

    private class StringPort(private val number: Int, val acceptor: FactoryAcceptor) : ListeningPort {
        override fun host(): Address = IPv4Address("192.0.2.2", number)

        override var isListening = true
            private set

        override fun stopListening(): Deferred<Unit> {
            isListening = false
            return succeed(Unit)
        }

        override fun drain(timeout: Duration): Deferred<DrainReport> {
            isListening = false
            return acceptor.drain(timeout)
        }

        override fun startListening() = error("it is opened once")
    }

    private class StringConnector(private val factory: ClientFactory) : Connector {
        override val state get() = Connector.State.CONNECTED

        override val destination: String get() = "$factory"

        override fun connect() = error("it is connected once")

        override fun stopConnecting() = error("it is connected")

        override fun disconnect() = error("the checks end it by its transport")
    }

    private companion object {
        const val ROOM = 64 * 1024
    }
}
