// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.loop.ErrorListener
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionListener
import dev.torsion.net.ConnectionListenerFactory
import dev.torsion.net.Factory
import dev.torsion.net.MinimumRate
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.tls.Tls
import dev.torsion.tls.listenTls
import java.io.ByteArrayOutputStream
import java.time.Duration
import java.util.TreeMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.system.exitProcess

/**
 * The server of [RobustnessSpec], in a process of its own with little memory and few descriptors. It says its ports, and for each line of its
 * input how many connections it has had, and how they have ended.
 */
internal object RobustnessProgram {
    private val errors = CopyOnWriteArrayList<Throwable>()
    private val ends = TreeMap<String, Int>()
    private var accepted = 0
    private var most = 0 // at once
    private var failedHandshakes = 0

    /** On the reactor's thread. */
    private val counting = ConnectionListenerFactory { _: Address, _: Address ->
        accepted++
        most = maxOf(most, accepted - ends.values.sum())
        object : ConnectionListener {
            override fun closed(reason: CloseReason) {
                check(reason.message!!.isNotBlank()) { "an end without a reason" }
                ends.merge(reason.javaClass.simpleName, 1, Int::plus)
            }
        }
    }

    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create(ReactorOptions(errorListener = ErrorListener { _, error -> errors.add(error) }))
        val rate = MinimumRate.builder().reading(1_000).writing(1_000).grace(PATIENCE).window(PATIENCE).build()
        val stream =
            StreamOptions(writeLimit = 160L * 1024, closeTimeout = Duration.ofSeconds(1), listener = counting, minimumRate = rate)
        val options = TcpOptions(stream)
        val factory = Factory { Frames() }
        val tls =
            Tls.server(Tls.selfSigned("localhost")).withHandshakeTimeout(PATIENCE).withFailureListener { _, _ ->
                failedHandshakes++
            }
        val plain = reactor.listenTcp(0, factory, "127.0.0.1", options = options)
        val secure = reactor.listenTls(0, factory, tls, "127.0.0.1", options = options)
        reactor.start()
        println("${plain.port()} ${secure.port()}")
        while (true) {
            readlnOrNull() ?: exitProcess(0)
            reactor.callFromThread { reportWhenSettled(reactor, LOOKS) }
        }
    }

    /** Their time-outs are some seconds. */
    private fun reportWhenSettled(reactor: Reactor, looks: Int) {
        val channels = (reactor.streamNetwork as NioEngine).channelCount
        if (looks > 0 && (channels > PORTS || ends.values.sum() < accepted)) {
            reactor.callLater(50, TimeUnit.MILLISECONDS) { reportWhenSettled(reactor, looks - 1) }
        } else {
            println("accepted=$accepted most=$most handshakes=$failedHandshakes channels=$channels errors=$errors ends=$ends")
            most = 0
        }
    }

    private val PATIENCE = Duration.ofSeconds(5)
    private const val PORTS = 2
    private const val LOOKS = 400
}

/** Frames of a length in two bytes, which it echoes. One of a single byte asks for so many hundreds of KiB, and for the end. */
private class Frames : Protocol() {
    private val kept = ByteArrayOutputStream()

    override fun expectsBytes() = kept.size() > 0

    override fun dataReceived(data: ByteArray) {
        kept.write(data)
        while (true) {
            val all = kept.toByteArray()
            if (all.size < 2) return
            val length = (all[0].toInt() and 0xff shl 8) or (all[1].toInt() and 0xff)
            if (length > MOST) return transport.loseConnection(ProtocolViolationException("A frame of $length bytes is too long."))
            if (all.size < 2 + length) return
            kept.reset()
            kept.write(all, 2 + length, all.size - 2 - length)
            if (length != 1) {
                transport.write(all, 0, 2 + length)
            } else {
                repeat(all[2].toInt()) { transport.write(ByteArray(100 * 1024)) }
                transport.loseConnection()
            }
        }
    }

    private companion object {
        const val MOST = 1024
    }
}
