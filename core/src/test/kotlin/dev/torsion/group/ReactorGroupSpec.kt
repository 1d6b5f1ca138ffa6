// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.ConnectionLost
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Phase
import dev.torsion.reactor.ReactorAlreadyRunningException
import dev.torsion.reactor.ReactorNotRestartableException
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

class ReactorGroupSpec :
    StringSpec({
        "its reactors run on threads with numbers, as many as asked for" {
            ReactorGroup.create(3, ReactorOptions("orders")).use { group ->
                group.start()
                group.reactors.map { reactor -> reactor.onLoop { Thread.currentThread().name } } shouldContainExactly
                    listOf("orders-1", "orders-2", "orders-3")
            }
            ReactorGroup.create().reactors.size shouldBe Runtime.getRuntime().availableProcessors()
            shouldThrow<IllegalArgumentException> { ReactorGroup.create(0) }
        }

        "next gives the reactors in turn, and passes over those that have ended or crashed" {
            val group = ReactorGroup.create(3)
            group.start()
            val (first, second, third) = group.reactors
            List(4) { group.next() } shouldContainExactly listOf(first, second, third, first)
            second.onLoop { second.crash() }
            List(3) { group.next() } shouldContainExactly listOf(third, third, first)
            group.close()
            shouldThrow<ReactorNotRunningException> { group.next() }
            shouldThrow<java.util.concurrent.ExecutionException> { group.listen(NotingFactories()).get() }
                .cause.shouldBeInstanceOf<ReactorNotRunningException>()
        }

        "a second start is an error and harms nobody; a start that fails stops what it has started" {
            withGroup { group ->
                shouldThrow<ReactorAlreadyRunningException> { group.start() }
                group.reactors.all { it.isRunning } shouldBe true
            }
            val group = ReactorGroup.create(2)
            val (first, second) = group.reactors
            second.start()
            shouldThrow<ReactorAlreadyRunningException> { group.start() }
            first.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            shouldThrow<ReactorNotRestartableException> { first.start() }
            second.isRunning shouldBe true
            group.close()
        }

        "stopping ends all at the same time, and every connection hears of it" {
            val group = ReactorGroup.create(2)
            group.start()
            val factories = NotingFactories()
            val port = group.listen(factories).getOrFail()
            val sockets = List(6) { port.connect() }
            sockets.forEach { it.echo() }
            // Each shutdown waits for the other's: one after the other they would wait for ever.
            val reached = CountDownLatch(2)
            for (reactor in group.reactors) {
                reactor.onLoop {
                    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                        reached.countDown()
                        reached.awaitOrFail()
                    }
                }
            }
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            factories.made.forEach { it.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>() }
            factories.threadsOf("stopped").toSet().size shouldBe 2
            sockets.forEach { it.isEnded() shouldBe true }
            port.isListening shouldBe false
            port.stopListening().getOrFail()
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            sockets.closeAll()
        }

        "clients that connect while the group stops all see an end" {
            repeat(5) {
                val group = ReactorGroup.create(2)
                group.start()
                val port = group.listen(NotingFactories()).getOrFail()
                val served = CountDownLatch(20)
                val outcomes =
                    List(4) {
                        val outcome = CompletableFuture<Unit>()
                        thread {
                            try {
                                while (true) {
                                    val socket = port.connect()
                                    socket.use {
                                        socket.getOutputStream().write(1)
                                        if (socket.isAnswered()) served.countDown()
                                    }
                                }
                            } catch (_: IOException) {
                                outcome.complete(Unit) // nobody listens any more
                            } catch (e: Throwable) {
                                outcome.completeExceptionally(e)
                            }
                        }
                        outcome
                    }
                served.awaitOrFail()
                group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
                outcomes.forEach { it.getOrFail() }
            }
        }

        "a reactor that has crashed gets no more connections, the others go on, and closing the group ends its own" {
            val group = ReactorGroup.create(3)
            group.start()
            val port = group.listen(NotingFactories()).getOrFail()
            val before = List(6) { port.connect() }
            before.forEach { it.echo() }
            val crashed = group.reactors[1]
            crashed.onLoop { crashed.crash() }
            val after = List(6) { port.connect() }
            after.forEach { it.echo() }
            group.connectionCounts() shouldBe listOf(5, 2, 5)
            group.listen(NotingFactories()).getOrFail().connect().use { it.echo() }
            port.stopListening().getOrFail()
            group.close()
            (before + after).forEach { it.isEnded() shouldBe true }
            shouldThrow<ReactorNotRestartableException> { crashed.start() }
            (before + after).closeAll()
        }

        "a reactor that has stopped gets no more connections, and the port can be stopped without it" {
            withGroup { group ->
                val factories = NotingFactories()
                val port = group.listen(factories).getOrFail()
                group.reactors[1].stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
                factories.threadsOf("stopped").size shouldBe 1
                val sockets = List(4) { port.connect() }
                sockets.forEach { it.echo() }
                group.connectionCounts() shouldBe listOf(4, 0)
                group.listen(factories).getOrFail().connect().use { it.echo() } // a port of those who are left
                port.stopListening().getOrFail()
                factories.threadsOf("stopped").size shouldBe 2
                sockets.closeAll()
            }
        }

        "when the reactor that accepts has ended the port is closed, and the others keep their connections" {
            withGroup { group ->
                val factories = NotingFactories()
                val port = group.listen(factories).getOrFail()
                val sockets = List(4) { port.connect() }
                sockets.forEach { it.echo() }
                group.reactors[0].stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
                port.isListening shouldBe false
                port.stopListening().getOrFail()
                factories.threadsOf("stopped").size shouldBe 2
                sockets[1].echo()
                sockets[0].isEnded() shouldBe true
                shouldThrow<IOException> { port.connect() }
                group.listen(factories).getOrFail().connect().use { it.echo() } // the next one accepts now
                sockets.closeAll()
            }
        }

        "one that does not end is told of, and the others have ended" {
            val group = ReactorGroup.create(2)
            group.start()
            val held = Held(group.reactors[0])
            group.stopAndJoin(Duration.ofMillis(50)) shouldBe false
            group.reactors[1].stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            held.release()
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "one that crashes again and again has not ended" {
            val group = ReactorGroup.create(2)
            group.start()
            val (first, second) = group.reactors
            first.onLoop {
                first.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) { first.crash() }
                first.crash()
            }
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe false
            shouldThrow<ReactorNotRestartableException> { second.start() }
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "one that has crashed and is still in that turn is waited for, as long as was said" {
            val group = ReactorGroup.create(2)
            group.start()
            val goOn = CountDownLatch(1)
            val crashed = CountDownLatch(1)
            group.reactors[0].callFromThread {
                group.reactors[0].crash()
                crashed.countDown()
                goOn.awaitOrFail()
            }
            crashed.awaitOrFail()
            shouldThrow<ReactorAlreadyRunningException> { group.reactors[0].start() }
            group.stopAndJoin(Duration.ofMillis(50)) shouldBe false
            goOn.countDown()
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "on one of its threads it can be closed, but not waited for" {
            val group = ReactorGroup.create(2)
            group.start()
            val (first, second) = group.reactors
            second.onLoop { shouldThrow<IllegalStateException> { group.stopAndJoin(Duration.ofSeconds(1)) } }
                .message shouldContain "stopFromThread"
            first.isRunning shouldBe true
            second.onLoop { group.close() }
            group.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }
    })

/** Whether a byte comes; what else may come is the end. */
private fun java.net.Socket.isAnswered(): Boolean = try {
    getInputStream().read() >= 0
} catch (e: java.net.SocketTimeoutException) {
    throw AssertionError("a client sees no end", e)
} catch (_: IOException) {
    false
}
