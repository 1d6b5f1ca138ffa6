// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.defer.Deferred
import dev.torsion.log.LogEvent
import dev.torsion.log.LogObserver
import dev.torsion.log.LogPublisher
import dev.torsion.loop.LoopState
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.DrainReport
import dev.torsion.net.DrainTimeoutException
import dev.torsion.net.ListeningPort
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.Transport
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.stopWithin
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.ConnectException
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/** More than the operating system takes for a peer that does not read. */
private const val MUCH = 12 * 1024 * 1024

private val WIDE = TcpOptions(StreamOptions(writeLimit = 64L * 1024 * 1024))

private val PATIENT = Duration.ofSeconds(DEADLINE_SECONDS)

/** Begins to stop this reactor, and waits until ports and connections are asked to end. */
private fun Reactor.beginToStop() {
    val isAsked = CompletableFuture<Unit>()
    onLoop {
        addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
            callLater(0, TimeUnit.SECONDS) { isAsked.complete(Unit) } // the turn after this one
            null
        }
        stop()
    }
    isAsked.getOrFail()
}

/** Writes [bytes] to whoever connects. */
private fun Reactor.writer(bytes: Int, options: TcpOptions = WIDE): Pair<ListeningPort, CompletableFuture<Scripted>> {
    val made = CompletableFuture<Scripted>()
    val port =
        listen(options) {
            Scripted(made = {
                transport.write(ByteArray(bytes))
                made.complete(this)
            })
        }
    return port to made
}

private fun Socket.countToEnd(): Long = getInputStream().readAllBytes().size.toLong()

/** Of an answer that has not ended. */
private object Endless : Producer {
    override fun resumeProducing() = Unit

    override fun pauseProducing() = Unit

    override fun stopProducing() = Unit
}

/** Answers a request of [size] bytes, and tells [half] when half of it has come. */
private class Whole(private val size: Int, private val half: CompletableFuture<Whole>, private val expects: Boolean = true) : Protocol() {
    val lost = CompletableFuture<CloseReason>()
    private var got = 0

    override fun expectsBytes() = expects

    override fun dataReceived(data: ByteArray) {
        if (got == 0) transport.registerProducer(Endless, streaming = true)
        got += data.size
        if (got == size / 2) half.complete(this)
        if (got == size) {
            transport.write("whole".toByteArray())
            transport.unregisterProducer()
        }
    }

    override fun connectionLost(reason: CloseReason) {
        lost.complete(reason)
    }
}

private class Logged :
    LogObserver,
    AutoCloseable {
    private val events = CopyOnWriteArrayList<LogEvent>()

    init {
        LogPublisher.global().addObserver(this)
    }

    override fun observe(event: LogEvent) {
        events.add(event)
    }

    fun ofCuts() = of("were reset")

    fun of(text: String) = events.filter { text in it.format }

    override fun close() = LogPublisher.global().removeObserver(this)
}

/** Written bytes when a reactor stops or a port is drained: they are sent, or the peer sees a reset. */
class DrainSpec :
    StringSpec({
        "a reactor that stops sends what was written, however late the peer reads, and the peer sees a clean end" {
            val reactor = Reactor.create()
            reactor.start()
            val (port, made) = reactor.writer(MUCH)
            port.connect().use { peer ->
                val server = made.getOrFail()
                reactor.beginToStop()
                server.lost.isDone shouldBe false
                shouldThrow<ConnectException> { port.connect() } // no new connections
                peer.countToEnd() shouldBe MUCH
                val reason = server.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                reason.unsentBytes shouldBe 0
                reason.by shouldBe ClosedBy.US
            }
            reactor.stopAndJoin(PATIENT) shouldBe true
        }

        "a peer that does not read is reset after the deadline, and the log says what was lost" {
            Logged().use { log ->
                val reactor = Reactor.create(ReactorOptions(threadName = "cut", drainTimeout = Duration.ofMillis(200)))
                reactor.start()
                val (port, made) = reactor.writer(MUCH)
                port.connect().use { peer ->
                    val server = made.getOrFail()
                    reactor.stopAndJoin(PATIENT) shouldBe true
                    val reason = server.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                    reason.unsentBytes shouldBeGreaterThan 0
                    shouldThrow<IOException> { peer.countToEnd() }
                    val event = log.ofCuts().single()
                    event.values["reactor"] shouldBe "cut"
                    event.values["connections"] shouldBe 1
                    event.values["bytes"] shouldBe reason.unsentBytes
                    event.values["timeout"] shouldBe "200 ms"
                    event.message shouldContain "(drainTimeout: 200 ms): 127.0.0.1:${peer.localPort}"
                }
            }
        }

        "who will not try again ends a reactor whose trigger waits for ever: its connections are reset, and the log names the trigger" {
            Logged().use { log ->
                val reactor = Reactor.create(ReactorOptions(threadName = "late"))
                reactor.start()
                val (port, made) = reactor.writer(MUCH)
                val waits = Deferred<Unit>()
                reactor.onLoop {
                    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { waits }
                    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<Unit>().also { it.callback(Unit) } }
                }
                port.connect().use { peer ->
                    made.getOrFail()
                    reactor.stopWithin(Duration.ofSeconds(2)) shouldBe true
                    shouldThrow<IOException> { peer.countToEnd() }
                }
                val late = log.of("the time of its stop is over").single()
                late.values["reactor"] shouldBe "late"
                late.values["triggers"].toString() shouldMatch Regex("the trigger before shutdown that was added at DrainSpec.kt:\\d+")
                log.ofCuts().single().message shouldContain "when the time of the stop was over: 127.0.0.1:"
                reactor.state shouldBe LoopState.ENDED
            }
        }

        "time that is over before the stop has begun is over for all of it" {
            val reactor = Reactor.create()
            reactor.start()
            val (port, made) = reactor.writer(MUCH)
            reactor.onLoop { reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<Unit>() } }
            port.connect().use { peer ->
                made.getOrFail()
                reactor.stopWithin(Duration.ZERO)
                reactor.stopAndJoin(PATIENT) shouldBe true
                shouldThrow<IOException> { peer.countToEnd() }
            }
        }

        "with a deadline of zero nothing is waited for, and what is cut is reset all the same, and told" {
            Logged().use { log ->
                val reactor = Reactor.create(ReactorOptions(drainTimeout = Duration.ZERO))
                reactor.start()
                val (port, made) = reactor.writer(MUCH)
                port.connect().use { peer ->
                    made.getOrFail()
                    reactor.stopAndJoin(PATIENT) shouldBe true
                    shouldThrow<IOException> { peer.countToEnd() }
                }
                log.ofCuts().single().values["connections"] shouldBe 1
            }
        }

        "an answer whose producer has not ended is no whole answer, so its peer is reset" {
            val reactor = Reactor.create(ReactorOptions(drainTimeout = Duration.ofMillis(100)))
            reactor.start()
            val made = CompletableFuture<Scripted>()
            val port =
                reactor.listen {
                    Scripted(made = {
                        transport.registerProducer(Endless, streaming = true)
                        transport.write(ByteArray(10))
                        made.complete(this)
                    })
                }
            port.connect().use { peer ->
                made.getOrFail()
                reactor.stopAndJoin(PATIENT) shouldBe true
                shouldThrow<IOException> { peer.countToEnd() }
            }
        }

        "a peer that is still sending gets what was written before the end" {
            val reactor = Reactor.create()
            reactor.start()
            val answer = MUCH / 4
            val (port, made) = reactor.writer(answer)
            port.connect().use { peer ->
                val server = made.getOrFail()
                reactor.onLoop { server.transport.pauseProducing() }
                val sending = Thread { runCatching { repeat(100) { peer.getOutputStream().write(ByteArray(10_000)) } } }
                sending.start()
                reactor.beginToStop()
                peer.getInputStream().readNBytes(answer).size shouldBe answer
                sending.join()
            }
            reactor.stopAndJoin(PATIENT) shouldBe true
        }

        "a second stop does nothing, and a crash cuts what is left" {
            val reactor = Reactor.create()
            reactor.start()
            val (port, made) = reactor.writer(MUCH)
            port.connect().use { peer ->
                val server = made.getOrFail()
                reactor.beginToStop()
                reactor.stopFromThread()
                reactor.onLoop { server.lost.isDone } shouldBe false
                reactor.callFromThread { reactor.crash() }
                server.lost.getOrFail().unsentBytes shouldBeGreaterThan 0
                reactor.stopAndJoin(PATIENT) shouldBe true
                shouldThrow<IOException> { peer.countToEnd() }
            }
        }

        "a connection that closes by itself is waited for, and ends as it would have" {
            val reactor = Reactor.create()
            reactor.start()
            val made = CompletableFuture<Scripted>()
            val port =
                reactor.listen(WIDE) {
                    Scripted(made = {
                        transport.write(ByteArray(MUCH))
                        transport.loseConnection()
                        made.complete(this)
                    })
                }
            port.connect().use { peer ->
                val server = made.getOrFail()
                reactor.beginToStop()
                peer.countToEnd() shouldBe MUCH
                server.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
            }
            reactor.stopAndJoin(PATIENT) shouldBe true
        }

        "a connection that closes, and whose peer takes nothing, is reset in the end" {
            withReactor { reactor ->
                val stubborn = TcpOptions(StreamOptions(writeLimit = 64L * 1024 * 1024, closeTimeout = Duration.ofMillis(100)))
                val lost = CompletableFuture<CloseReason>()
                val port =
                    reactor.listen(stubborn) {
                        Scripted(made = {
                            transport.write(ByteArray(MUCH))
                            transport.loseConnection()
                        }).also { it.lost.thenAccept(lost::complete) }
                    }
                port.connect().use { peer ->
                    lost.getOrFail().unsentBytes shouldBeGreaterThan 0
                    shouldThrow<IOException> { peer.countToEnd() }
                }
            }
        }

        "a port is drained: its connections send what was written and end, others live on" {
            withReactor { reactor ->
                val (port, made) = reactor.writer(MUCH)
                val other = reactor.listen { Scripted(received = { transport.write(it) }) }
                other.connect().use { elsewhere ->
                    port.connect().use { peer ->
                        val server = made.getOrFail()
                        val drained = CompletableFuture<DrainReport>()
                        reactor.onLoop { port.drain().also { it.addCallback(drained::complete) }.called }
                        drained.isDone shouldBe false
                        reactor.resultOnLoop { port.stopListening() } // it is free then
                        shouldThrow<ConnectException> { port.connect() }
                        peer.countToEnd() shouldBe MUCH
                        drained.getOrFail() shouldBe DrainReport(1, 0, 0)
                        server.lost.getOrFail().isClean shouldBe true
                    }
                    elsewhere.getOutputStream().write(1)
                    elsewhere.getInputStream().read() shouldBe 1
                }
                reactor.resultOnLoop { port.drain() } shouldBe DrainReport.NONE
            }
        }

        "a port that is drained resets what is left after its deadline, and reports that; a second drain waits for the same ends" {
            Logged().use { log ->
                withReactor { reactor ->
                    val (port, made) = reactor.writer(MUCH)
                    port.connect().use { peer ->
                        val server = made.getOrFail()
                        val long = CompletableFuture<DrainReport>()
                        reactor.onLoop { port.drain(Duration.ofDays(1)).also { it.addCallback(long::complete) }.called }
                        val report = reactor.resultOnLoop { port.drain(Duration.ofMillis(100)) }
                        val reason = server.lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>()
                        reason.cause.shouldBeInstanceOf<DrainTimeoutException>().timeout shouldBe Duration.ofMillis(100)
                        report shouldBe DrainReport(1, 1, reason.unsentBytes)
                        report.unsentBytes shouldBeGreaterThan 0
                        long.getOrFail().connections shouldBe 1
                        shouldThrow<IOException> { peer.countToEnd() }
                        log.ofCuts().single().values["bytes"] shouldBe report.unsentBytes
                        reactor.onLoop { reactor.delayedCalls().filter { it.isActive } }.shouldBeEmpty()
                    }
                }
            }
        }

        "a reactor that stops while a port is drained ends that, too" {
            val reactor = Reactor.create(ReactorOptions(drainTimeout = Duration.ofMillis(100)))
            reactor.start()
            val (port, made) = reactor.writer(MUCH)
            port.connect().use { peer ->
                val server = made.getOrFail()
                val drained = CompletableFuture<DrainReport>()
                reactor.onLoop { port.drain(Duration.ofDays(1)).also { it.addCallback(drained::complete) }.called }
                reactor.stopAndJoin(PATIENT) shouldBe true
                drained.getOrFail().connections shouldBe 1
                server.lost.getOrFail().unsentBytes shouldBeGreaterThan 0
                shouldThrow<IOException> { peer.countToEnd() }
            }
        }

        "a drain whose waiting is cancelled goes on, and leaves nothing behind" {
            withReactor { reactor ->
                val (port, made) = reactor.writer(MUCH)
                port.connect().use { peer ->
                    val server = made.getOrFail()
                    val error = CompletableFuture<Throwable>()
                    reactor.onLoop {
                        val drained = port.drain(Duration.ofDays(1))
                        drained.addErrback {
                            error.complete(it.value)
                            DrainReport.NONE
                        }
                        drained.cancel()
                    }
                    error.getOrFail()
                    peer.countToEnd() shouldBe MUCH
                    server.lost.getOrFail().isClean shouldBe true
                    reactor.onLoop { reactor.delayedCalls().filter { it.time > 3_600_000_000_000 + reactor.nanoTime() } }.shouldBeEmpty()
                }
            }
        }

        "a protocol that is in the middle of an answer may end it, whether the reactor stops or the port is drained" {
            for (byPort in listOf(true, false)) {
                val reactor = Reactor.create()
                reactor.start()
                val made = CompletableFuture<Scripted>()
                val port =
                    reactor.listen(WIDE) {
                        Scripted(made = {
                            transport.write(ByteArray(MUCH))
                            transport.whenWritable().addCallback {
                                check(!transport.isDisconnecting)
                                transport.write("the end".toByteArray())
                            }
                            made.complete(this)
                        })
                    }
                port.connect().use { peer ->
                    val server = made.getOrFail()
                    if (byPort) reactor.onLoop { port.drain().called } else reactor.beginToStop()
                    val answer = peer.getInputStream().readAllBytes()
                    answer.size shouldBe MUCH + 7
                    String(answer, MUCH, 7) shouldBe "the end"
                    server.lost.getOrFail().unsentBytes shouldBe 0
                }
                reactor.stopAndJoin(PATIENT) shouldBe true
            }
        }

        "a protocol that waits for the rest of a request gets it, whether the reactor stops or the port is drained" {
            for (byPort in listOf(true, false)) {
                val reactor = Reactor.create()
                reactor.start()
                val half = CompletableFuture<Whole>()
                val port = reactor.listen { Whole(10, half) }
                port.connect().use { peer ->
                    peer.getOutputStream().write(ByteArray(5))
                    val server = half.getOrFail()
                    if (byPort) reactor.onLoop { port.drain().called } else reactor.beginToStop()
                    peer.getOutputStream().write(ByteArray(5))
                    String(peer.getInputStream().readAllBytes()) shouldBe "whole"
                    server.lost.getOrFail().isClean shouldBe byPort
                }
                reactor.stopAndJoin(PATIENT) shouldBe true
            }
        }

        "one that expects nothing reads nothing more, and one whose peer ends its side is not waited for" {
            for (expects in listOf(true, false)) {
                withReactor { reactor ->
                    val half = CompletableFuture<Whole>()
                    val port = reactor.listen { Whole(10, half, expects) }
                    port.connect().use { peer ->
                        peer.getOutputStream().write(ByteArray(5))
                        val server = half.getOrFail()
                        val drained = CompletableFuture<DrainReport>()
                        reactor.onLoop {
                            port.drain(Duration.ofMillis(if (expects) 3_600_000 else 100)).also { it.addCallback(drained::complete) }.called
                        }
                        if (expects) peer.shutdownOutput() else peer.getOutputStream().write(ByteArray(5))
                        drained.getOrFail().cutConnections shouldBe if (expects) 0 else 1
                        server.lost.getOrFail().by shouldBe if (expects) ClosedBy.PEER else ClosedBy.US
                    }
                }
            }
        }

        "two transports that feed each other do not wait for each other" {
            val reactor = Reactor.create(ReactorOptions(drainTimeout = Duration.ofDays(1)))
            reactor.start()
            val both = CopyOnWriteArrayList<Scripted>()
            val paired = CompletableFuture<Unit>()
            val port =
                reactor.listen {
                    Scripted(made = {
                        both.add(this)
                        if (both.size == 2) {
                            both[0].transport.registerProducer(both[1].transport, streaming = true)
                            both[1].transport.registerProducer(both[0].transport, streaming = true)
                            paired.complete(Unit)
                        }
                    })
                }
            port.connect().use { one ->
                port.connect().use { other ->
                    paired.getOrFail()
                    reactor.stopFromThread()
                    one.countToEnd() shouldBe 0
                    other.countToEnd() shouldBe 0
                }
            }
            reactor.stopAndJoin(PATIENT) shouldBe true
        }

        "nothing is waited for when there is nothing to send" {
            val reactor = Reactor.create(ReactorOptions(drainTimeout = Duration.ofDays(1)))
            reactor.start()
            val (port, made) = reactor.writer(0)
            port.connect().use { peer ->
                made.getOrFail()
                val asked = System.nanoTime()
                reactor.stopFromThread()
                peer.countToEnd() shouldBe 0
                peer.close()
                reactor.stopAndJoin(PATIENT) shouldBe true
                System.nanoTime() - asked shouldBeLessThan Duration.ofSeconds(DEADLINE_SECONDS / 2).toNanos()
            }
        }

        "a transport that is asked to stop keeps its protocol's last words" {
            val reactor = Reactor.create()
            reactor.start()
            var transport: Transport? = null
            val made = CompletableFuture<Unit>()
            val port =
                reactor.listen {
                    Scripted(made = {
                        transport = this.transport
                        made.complete(Unit)
                    })
                }
            port.connect().use { peer ->
                made.getOrFail()
                reactor.onLoop {
                    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { transport!!.write("bye".toByteArray()) }
                }
                reactor.stopFromThread()
                String(peer.getInputStream().readAllBytes()) shouldBe "bye"
            }
            reactor.stopAndJoin(PATIENT) shouldBe true
        }
    })
