// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.succeed
import dev.torsion.defer.toDeferred
import dev.torsion.loop.escaped
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** In debug mode, which tests run in, a Deferred that was made on a running reactor's thread is refused to other threads. */
class DeferredOwnerSpec :
    StringSpec({
        /** A Deferred that is made on the loop and leaves it, against the rules. */
        fun Reactor.escaped(): Deferred<Int> {
            var escaped: Deferred<Int>? = null
            onLoop { escaped = Deferred() }
            return escaped!!
        }

        val uses =
            mapOf<String, (Deferred<Int>) -> Unit>(
                "fires it" to { it.callback(1) },
                "fires it with a failure" to { it.errback(IOException("no")) },
                "adds a callback" to { it.addCallback { } },
                "adds an errback" to { it.addErrback { 0 } },
                "adds both" to { it.addCallbacks({ 1 }, { 2 }) },
                "cancels it" to { it.cancel() },
                "pauses it" to { it.pause() },
                "unpauses it" to { it.unpause() },
                "makes a future of it" to { it.toCompletableFuture(Runnable::run) },
                "awaits it" to { runBlocking { it.await() } },
            )
        uses.forEach { (name, use) ->
            "another thread that $name is refused at once, and nothing has happened" {
                withReactor(ReactorOptions("the-loop")) { reactor ->
                    val deferred = reactor.escaped()
                    val refusal = shouldThrow<IllegalStateException> { use(deferred) }.message!!
                    refusal shouldContain "belongs to the loop of the thread \"the-loop\""
                    refusal shouldContain "the thread \"${Thread.currentThread().name.substringBefore(" @")}"
                    refusal shouldContain "callFromThread"
                    refusal shouldContain "DeferredOwnerSpec.kt:"
                    reactor.onLoop {
                        deferred.called shouldBe false
                        deferred.isPaused shouldBe false
                        deferred.toString() shouldContain "unfired, made at"
                    }
                }
            }
        }

        "a result that is there is not for another thread to take either" {
            withReactor { reactor ->
                var escaped: Deferred<Int>? = null
                reactor.onLoop { escaped = succeed(1) }
                shouldThrow<IllegalStateException> { runBlocking { escaped!!.await() } }.message shouldContain "takes its result"
            }
        }

        "a Deferred of one reactor is refused by another" {
            withReactor { one ->
                withReactor { two ->
                    val deferred = one.escaped()
                    shouldThrow<IllegalStateException> { two.onLoop { deferred.callback(1) } }
                    val message = two.onLoop { failureOf(succeed(1).addAsyncCallback { deferred }).value.message }
                    message shouldContain "returns it from a callback"
                }
            }
        }

        "on the thread of its reactor, in any turn, all is well" {
            withReactor { reactor ->
                val deferred = reactor.escaped()
                reactor.onLoop { deferred.addCallback { it + 1 }.called } shouldBe false
                reactor.onLoop { deferred.callback(1) }
                reactor.onLoop { deferred.toString() } shouldContain "result 2"
            }
        }

        "when its reactor has stopped, a Deferred is anybody's" {
            val reactor = Reactor.create()
            reactor.start()
            val deferred = reactor.escaped()
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            deferred.callback(1)
            deferred.called shouldBe true
        }

        "what is made outside of a reactor's turns may be used by whoever fires it" {
            val deferred = Deferred<Int>()
            withReactor { reactor -> reactor.onLoop { deferred.callback(1) } }
            deferred.called shouldBe true
        }

        "what is made for another loop belongs to that one" {
            withReactor { one ->
                withReactor { two ->
                    val future = CompletableFuture<Int>()
                    val seen = CompletableFuture<Int>()
                    val deferred = CompletableFuture<Deferred<Int>>()
                    one.onLoop { deferred.complete(future.toDeferred(two)) }
                    two.onLoop { deferred.join().addCallback { seen.complete(it) }.called } shouldBe false
                    future.complete(1)
                    seen.getOrFail() shouldBe 1

                    val thread = CompletableFuture<Boolean>()
                    one.onLoop { inlineCallbacks(Dispatchers.IO) { thread.complete(one.isInReactorThread) }.isPaused } shouldBe false
                    thread.getOrFail() shouldBe false
                }
            }
        }
    })

private fun failureOf(deferred: Deferred<*>): Failure {
    var failure: Any? = null
    deferred.addBoth { failure = it }
    return failure.shouldBeInstanceOf<Failure>()
}
