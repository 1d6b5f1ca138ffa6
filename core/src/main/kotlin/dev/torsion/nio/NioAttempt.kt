// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.log.safeMessage
import dev.torsion.name.interleaved
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DnsLookupException
import dev.torsion.net.InternetAddress
import dev.torsion.spi.ConnectAttempt
import dev.torsion.spi.ConnectHandler
import dev.torsion.stream.EndsWithLoop
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardSocketOptions
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel
import java.nio.channels.UnsupportedAddressTypeException
import java.util.concurrent.TimeUnit

/**
 * One attempt to connect: looks the host up and races its addresses, as RFC 8305 (Happy Eyeballs) says. The first address gets a short
 * head start before the next one is tried as well; one that fails makes room for the next at once. The first that connects has won, and
 * all others are closed, also when they have connected in the same turn.
 *
 * It ends with one call of the [handler].
 */
internal class NioAttempt(private val reactor: NioEngine, private val target: NioTarget, private val handler: ConnectHandler) :
    ConnectAttempt,
    EndsWithLoop {
    private val timer =
        reactor.callLater(target.connecting.timeout.saturatedNanos(), TimeUnit.NANOSECONDS) {
            fail(ConnectTimeoutException(target.toString(), target.connecting.timeout))
        }
    private var lookUp: Deferred<*>? = null
    private val waiting = ArrayDeque<InetAddress>()
    private val tried = LinkedHashSet<Try>()
    private val failures = ArrayList<CannotConnectException>()
    private var headStart: DelayedCall? = null
    private var isOver = false

    fun begin() {
        reactor.streams.add(this)
        if (reactor.isEnding) { // and opens nothing any more
            reactor.runSoon(::cancel)
            return
        }
        // Never inside connect(): the caller has not got the connector yet.
        lookUp =
            reactor.resolve(target.host, target.connecting.addressFamily, target.connecting.timeout).addBoth { outcome ->
                reactor.runSoon { if (!isOver) failingFor { lookedUp(outcome) } }
            }
    }

    /**
     * Nobody must wait for what has broken down: an exception of [step], as over an address that a resolver has left out, ends the attempt.
     */
    private inline fun failingFor(step: () -> Unit) {
        try {
            step()
        } catch (e: Throwable) {
            if (isOver) throw e
            fail(CannotConnectException("Connection to $target failed: ${safeMessage(e)}.", target.toString(), e))
        }
    }

    private fun lookedUp(outcome: Outcome<List<InetAddress>>) {
        if (outcome is Failure) return fail(DnsLookupException(target.host, target.toString(), outcome.value.looked()))
        waiting.addAll(interleaved(target.reachable(outcome.get())))
        if (waiting.isEmpty()) return fail(DnsLookupException(target.host, target.toString()))
        tryNext()
    }

    /** Begins with the next address, or with the first after it that does not fail at once. */
    private fun tryNext() {
        headStart?.let { if (it.isActive) it.cancel() }
        while (!isOver) {
            val address = waiting.removeFirstOrNull() ?: break
            if (Try(address).begin()) break
        }
        when {
            isOver -> return
            waiting.isNotEmpty() ->
                headStart =
                    reactor.callLater(target.connecting.attemptDelay.saturatedNanos(), TimeUnit.NANOSECONDS) { failingFor { tryNext() } }
            tried.isEmpty() -> fail(noneConnected())
        }
    }

    /** A refusal says more than the rest: that machine was reached. */
    private fun noneConnected(): CannotConnectException {
        val telling = failures.firstOrNull { it is ConnectionRefusedException } ?: failures.first()
        val cause = telling.cause.takeIf { failures.size == 1 } ?: telling
        failures.remove(telling)
        return when (telling) {
            is ConnectionRefusedException -> ConnectionRefusedException(target.toString(), cause)
            else -> CannotConnectException("Connection to $target failed: ${telling.cause?.message}.", target.toString(), cause)
        }
    }

    /** Ends the attempt; earlier failures are suppressed in [reason]. */
    private fun fail(reason: CannotConnectException) {
        if (isOver) return
        end()
        failures.forEach(reason::addSuppressed)
        handler.failed(reason)
    }

    override fun cancel() = fail(ConnectingCancelledException(target.toString()))

    override fun loopEnded() = cancel()

    private fun end() {
        isOver = true
        reactor.streams.remove(this)
        lookUp?.cancel()
        listOfNotNull(timer, headStart).forEach { if (it.isActive) it.cancel() }
        tried.forEach { it.close() }
        tried.clear()
    }

    override fun toString() = "connecting to $target"

    /** One address. */
    private inner class Try(private val address: InetAddress) : Selectable {
        private var channel: SocketChannel? = null

        /** False when it has failed at once. */
        fun begin(): Boolean {
            tried.add(this)
            return try {
                val opened = reactor.provider.openSocketChannel().also { channel = it }
                opened.configureBlocking(false)
                target.localFor(address)?.let {
                    // A port of our own choice may have had a connection a moment ago.
                    if (it.port != 0) opened.setOption(StandardSocketOptions.SO_REUSEADDR, true)
                    opened.bind(it)
                }
                if (opened.connect(InetSocketAddress(address, target.port))) {
                    won(opened)
                } else {
                    reactor.register(opened, SelectionKey.OP_CONNECT, this)
                }
                true
            } catch (e: IOException) {
                lost(e)
                false
            } catch (e: UnsupportedAddressTypeException) {
                lost(IOException("this machine does not have the address's family", e))
                false
            }
        }

        override fun ready(operations: Int) {
            val connecting = channel ?: return
            failingFor {
                try {
                    if (connecting.finishConnect()) won(connecting)
                } catch (e: IOException) {
                    lost(e)
                    tryNext()
                }
            }
        }

        /** The connection is there; throws when it leads nowhere. */
        private fun won(connected: SocketChannel) {
            refuseSelf(connected)
            channel = null // it is the winner's from here on
            tried.remove(this)
            end()
            hand(connected)
        }

        private fun hand(connected: SocketChannel) {
            val stream =
                try {
                    connected.prepare(target.options)
                    NioTcpStream(reactor, connected)
                } catch (e: Throwable) {
                    connected.closeAfterFailure()
                    handler.failed(
                        CannotConnectException("Connection to $target could not be used: ${safeMessage(e)}", target.toString(), e),
                    )
                    return reactor.reportError("preparing the connection to $target", e)
                }
            handler.connected(stream)
        }

        /**
         * On loopback the operating system may choose the very port that is connected to as ours, and when nobody listens there, connects
         * the socket to itself. That nobody listens is a refusal.
         */
        private fun refuseSelf(connected: SocketChannel) {
            if (connected.localAddress != connected.remoteAddress) return
            connected.setOption(StandardSocketOptions.SO_LINGER, 0) // so that the port is free at once for who is to listen there
            throw java.net.ConnectException("Connection refused: it was one of the socket to itself")
        }

        private fun lost(e: IOException) {
            tried.remove(this)
            close()
            val destination = InternetAddress.of(address, target.port).toString()
            failures.add(
                when {
                    isRefusal(e) -> ConnectionRefusedException(destination, e)
                    else -> CannotConnectException("Connection to $destination failed: ${e.message}.", destination, e)
                },
            )
        }

        fun close() {
            try {
                channel?.close()
            } catch (e: Throwable) { // an error too: others are to be closed, and somebody waits
                reactor.reportError("closing a socket that was connecting to $target", e)
            }
        }

        override fun reactorStopped() = this@NioAttempt.cancel()

        override fun toString() = "connecting to $target at $address"
    }
}

/** The real failure of a look-up, which is wrapped as a rule. */
private fun Throwable.looked(): Throwable = if (this is DnsLookupException) cause ?: this else this

/** Java has one exception for a connection that was refused and for one that the operating system has given up. */
private fun isRefusal(e: IOException) = e is java.net.ConnectException && e.message?.contains("timed out") != true
