// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.nio.NioEngine
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import java.io.IOException
import java.net.InetAddress
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** Runs [test] with a started group of two, and insists that it stops. */
internal fun withGroup(options: ReactorOptions = ReactorOptions(), test: (ReactorGroup) -> Unit) {
    val group = ReactorGroup.create(2, options)
    group.start()
    try {
        test(group)
    } finally {
        check(group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS))) { "the group did not stop" }
    }
}

/** Listens on a free loopback port. */
internal fun ReactorGroup.listen(factories: GroupFactory): CompletableFuture<GroupPort> =
    listenTcp(0, factories, "127.0.0.1", 1024, TcpOptions.DEFAULT)

/** A blocking socket to this port. */
internal fun GroupPort.connect(): Socket =
    Socket(InetAddress.getLoopbackAddress(), port()).apply { soTimeout = (DEADLINE_SECONDS * 1000).toInt() }

/** One byte there and back. */
internal fun Socket.echo() {
    getOutputStream().write(7)
    check(getInputStream().read() == 7) { "no echo" }
}

/** Whether the peer ends this connection, in whatever way, before the deadline. */
internal fun Socket.isEnded(): Boolean = try {
    getInputStream().read() == -1
} catch (e: java.net.SocketTimeoutException) {
    throw AssertionError("the connection goes on", e)
} catch (_: IOException) {
    true // a reset
}

internal fun List<Socket>.closeAll() = forEach { it.close() }

private val ReactorGroup.engines: List<NioEngine> get() = reactors.map { it.capability(NioEngine::class.java)!! }

internal fun ReactorGroup.connectionCounts(): List<Int> = reactors.map { it.health().connections }

/** Waits until the reactors have [counts] connections; they may be on their way. */
internal fun ReactorGroup.awaitConnections(vararg counts: Int) = awaitCounts("connections", counts.toList(), ::connectionCounts)

/** Waits until no channel is registered any more: one that was closed is gone after the next select. */
internal fun ReactorGroup.awaitNoChannels() = awaitCounts("channels", reactors.map { 0 }) { engines.map { it.channelCount } }

internal fun awaitCounts(what: String, wanted: List<Int>, counts: () -> List<Int>) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
    while (counts() != wanted) {
        check(System.nanoTime() < deadline) { "there are ${counts()} $what, not $wanted" }
        Thread.onSpinWait()
    }
}

/** Holds this reactor's thread until [release] is called. */
internal class Held(reactor: Reactor) {
    private val reached = CountDownLatch(1)
    private val released = CountDownLatch(1)

    init {
        reactor.callFromThread {
            reached.countDown()
            released.awaitOrFail()
        }
        reached.awaitOrFail()
    }

    fun release() = released.countDown()
}

/** An echo that notes the thread of each of its callbacks. */
internal class NotingEcho : Protocol() {
    val threads = CopyOnWriteArrayList<Thread>()
    val lost = CompletableFuture<CloseReason>()

    override fun connectionMade() {
        threads.add(Thread.currentThread())
    }

    override fun dataReceived(data: ByteArray) {
        threads.add(Thread.currentThread())
        transport.write(data)
    }

    override fun connectionLost(reason: CloseReason) {
        threads.add(Thread.currentThread())
        lost.complete(reason)
    }
}

/** Factories of echoes, which note what is called and on which thread. */
internal class NotingFactories : GroupFactory {
    val events = CopyOnWriteArrayList<Pair<String, Thread>>()
    val made = CopyOnWriteArrayList<NotingEcho>()

    fun threadsOf(event: String): List<Thread> = events.filter { it.first == event }.map { it.second }

    private fun note(event: String) = events.add(event to Thread.currentThread())

    override fun factoryFor(reactor: Reactor): Factory {
        check(reactor.isInReactorThread)
        note("made")
        return object : Factory({ NotingEcho().also { made.add(it) } }) {
            init {
                isNoisy = false
            }

            override fun startFactory() {
                note("started")
            }

            override fun stopFactory() {
                note("stopped")
            }
        }
    }
}
