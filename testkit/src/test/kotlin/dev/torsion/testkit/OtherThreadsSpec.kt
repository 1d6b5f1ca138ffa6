// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds

class OtherThreadsSpec :
    StringSpec({
        lateinit var reactor: MemoryReactor
        beforeTest { reactor = MemoryReactor() }
        afterTest { reactor.close() }

        "work in Dispatchers.IO is waited for, and no virtual time passes meanwhile" {
            val mayEnd = CountDownLatch(1)
            val looks = AtomicInteger()
            reactor.runTest {
                launch { while (true) delay(1.seconds) }.let { ticking ->
                    val answer = withTimeout(5.seconds) {
                        withContext(Dispatchers.IO) {
                            thread { mayEnd.countDown() }
                            check(mayEnd.await(20, SECONDS))
                            busyFor(30)
                            looks.incrementAndGet()
                            "read"
                        }
                    }
                    answer shouldBe "read"
                    ticking.cancel()
                }
            }
            looks.get() shouldBe 1
            reactor.clock.elapsed() shouldBe Duration.ZERO
        }

        "a coroutine elsewhere that only waits does not hold the time up" {
            val messages = Channel<Int>()
            var sum = 0
            reactor.runTest(timeout = 2.hours) {
                val consumer = launch(Dispatchers.Default) { for (message in messages) sum += message }
                repeat(3) {
                    delay(600.seconds)
                    messages.send(it)
                }
                messages.close()
                consumer.join()
            }
            sum shouldBe 3
        }

        "what is still at work on other threads is named" {
            reactor.clock.patience = Duration.ofMillis(100)
            val mayEnd = CountDownLatch(1)
            try {
                shouldThrow<AssertionError> {
                    reactor.runTest { withContext(Dispatchers.IO) { mayEnd.await(20, SECONDS) } }
                }.message.let {
                    it shouldContain "the test has not ended"
                    it shouldContain "OtherThreadsSpec.kt"
                    it shouldContain "coroutines on other threads: "
                }
            } finally {
                mayEnd.countDown()
            }
        }

        "run waits for a coroutine on another thread, which may stop the reactor" {
            reactor.callWhenRunning {
                reactor.scope.launch {
                    withContext(Dispatchers.IO) { busyFor(20) }
                    reactor.stop()
                }
            }
            reactor.run()
            reactor.clock.elapsed() shouldBe Duration.ZERO
        }

        "runBlocking on the thread that drives is ended with a sentence" {
            reactor.clock.patience = Duration.ofMillis(100)
            reactor.flush()
            val waits = listOf<suspend () -> Unit>(
                { Deferred<Unit>().await() },
                { withContext(reactor.dispatcher) { delay(1.seconds) } },
            )
            for (wait in waits) {
                shouldThrow<CancellationException> { runBlocking { wait() } }.message.let {
                    it shouldContain "runUntil(future::isDone)"
                    it shouldContain "runBlocking at"
                    it shouldContain "OtherThreadsSpec.kt"
                }
            }
        }

        "runBlocking on the dispatcher of a reactor that was never driven is ended, too" {
            reactor.clock.patience = Duration.ofMillis(100)
            shouldThrow<CancellationException> { runBlocking(reactor.dispatcher) { delay(1.seconds) } }
        }

        "runBlocking that others go on with is left alone" {
            reactor.clock.patience = Duration.ofMillis(60)
            runBlocking { withContext(Dispatchers.IO) { busyFor(300) } }
            reactor.callLater(1.seconds) {}
            reactor.clock.elapsed() shouldBe Duration.ZERO
        }

        "a patience is not negative" {
            shouldThrow<IllegalArgumentException> { reactor.clock.patience = Duration.ofMillis(-1) }
        }
    })

/** Holds its thread for [millis] of real time, at work. */
private fun busyFor(millis: Long) {
    val end = System.nanoTime() + millis * 1_000_000
    while (System.nanoTime() < end) Thread.onSpinWait()
}
