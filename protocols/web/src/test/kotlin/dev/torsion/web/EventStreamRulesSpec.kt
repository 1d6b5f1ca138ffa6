// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.CancellationException
import java.util.concurrent.Flow
import java.util.concurrent.TimeUnit

/** Publishers of events that break the rules of Reactive Streams, or come near to that. */
class EventStreamRulesSpec :
    FunSpec({
        fun event(text: String) = ServerSentEvent.data(text)

        /** A client asks [publisher]'s site; then [then] goes on with the one that has subscribed. Gives what the client got, and what was logged. */
        fun played(publisher: Played, isWhole: Boolean, errors: Int, then: WebScene.(Played) -> Unit = {}): String {
            var got = ""
            scene(handler = { EventStream.of(publisher) }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    client.send(get("/"))
                    reactor.flush()
                    then(publisher)
                    reactor.flush()
                    got = client.got()
                    if (isWhole) {
                        got shouldEndWith "0\r\n\r\n"
                        client.isConnected shouldBe true
                    } else {
                        client.end.shouldBeInstanceOf<ConnectionLost>()
                    }
                    logs.flushLoggedErrors().size shouldBe errors
                    client.transport.abortConnection()
                    reactor.flush()
                    reactor.delayedCalls().shouldBeEmpty()
                    for (subscription in publisher.subscriptions) {
                        withClue("asked after the end") { subscription.requestedLate shouldBe 0 }
                    }
                }
            }
            return got
        }

        test("one that throws in subscribe cuts the answer, and the subscription that it has given is cancelled") {
            val before = Played { error("broken") }
            played(before, isWhole = false, errors = 1)
            val behind = Played { subscriber ->
                subscriber.onSubscribe(subscription())
                error("broken")
            }
            played(behind, isWhole = false, errors = 1)
            behind.subscriptions.single().cancelled shouldBe 1
            played(Played { throw CancellationException("the publisher's own") }, isWhole = false, errors = 1)
        }

        test("items before the subscription break rule 1.9, and a subscription behind them is cancelled") {
            val early = Played { subscriber ->
                subscriber.onNext(event("early"))
                subscriber.onSubscribe(subscription())
            }
            played(early, isWhole = false, errors = 1)
            early.subscriptions.single().run {
                cancelled shouldBe 1
                requested shouldBe 0
            }
        }

        test("one that never calls onSubscribe leaves nothing behind when its client goes, and may end or fail without it") {
            val silent = Played { }
            scene(handler = { EventStream.of(silent) }) {
                val client = connect()
                client.send(get("/"))
                pass(16)
                client.got() shouldEndWith ":\n\n\r\n"
                client.transport.abortConnection()
                reactor.flush()
                reactor.delayedCalls().shouldBeEmpty()
                silent.subscribe(silent.subscriber)
                silent.subscriber.onNext(event("late"))
                silent.subscriber.onComplete()
            }
            played(Played { it.onComplete() }, isWhole = true, errors = 0)
            played(Played { it.onError(IllegalStateException("no")) }, isWhole = false, errors = 1)
        }

        test("null is refused with what the rules say, and cuts the answer") {
            val kinds = mapOf<String, (Flow.Subscriber<in ServerSentEvent>) -> Unit>(
                "item" to { it.onNext(null) },
                "error" to { it.onError(null) },
                "subscription" to { it.onSubscribe(null) },
            )
            for ((kind, signal) in kinds) {
                withClue(kind) {
                    val given = Played { it.onSubscribe(subscription()) }
                    played(given, isWhole = false, errors = 1) { shouldThrow<NullPointerException> { signal(given.subscriber) } }
                    given.subscriptions.single().cancelled shouldBe 1
                }
            }
        }

        test("more than was asked for breaks rule 1.1, also where there would be room") {
            val generous = Played { subscriber ->
                subscriber.onSubscribe(subscription())
                for (i in 1..2) subscriber.onNext(event("$i"))
            }
            val got = played(generous, isWhole = false, errors = 1)
            got.contains("data: 2\n") shouldBe false
            generous.subscriptions.single().cancelled shouldBe 1
        }

        test("signals behind a cancellation or an end do nothing") {
            val late = Played { it.onSubscribe(subscription()) }
            scene(handler = { EventStream.of(late) }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    client.send(get("/"))
                    reactor.flush()
                    client.transport.abortConnection()
                    reactor.flush()
                    late.subscriptions.single().cancelled shouldBe 1
                    repeat(3) { late.subscriber.onNext(event("late")) }
                    late.subscriber.onError(IllegalStateException("late"))
                    late.subscriber.onComplete()
                    reactor.flush()
                    logs.flushLoggedErrors().shouldBeEmpty()
                }
            }
            val twice = Played { it.onSubscribe(subscription()) }
            played(twice, isWhole = true, errors = 0) {
                twice.subscriber.onNext(event("1"))
                reactor.flush()
                twice.subscriber.onComplete()
                twice.subscriber.onComplete()
                twice.subscriber.onError(IllegalStateException("late"))
                twice.subscriber.onNext(event("late"))
            }
            val again = Played {
                it.onSubscribe(subscription())
                it.onSubscribe(subscription())
                it.onComplete()
            }
            played(again, isWhole = true, errors = 0)
            again.subscriptions.last().run {
                cancelled shouldBe 1
                requested shouldBe 0
            }
        }

        test("a subscription that throws cuts the answer when it is asked, and not when it is cancelled, nor the publisher that calls us") {
            for (moment in listOf("first", "second")) {
                val failing = Played { it.onSubscribe(subscription(failsAt = if (moment == "first") 1 else 2)) }
                played(failing, isWhole = false, errors = 1) { if (moment == "second") failing.subscriber.onNext(event("1")) }
                failing.subscriptions.single().cancelled shouldBe 1
            }
            val stubborn = Played { it.onSubscribe(subscription(failsToCancel = true)) }
            played(stubborn, isWhole = true, errors = 1) { stubborn.subscriber.onComplete() }
        }

        test("an error whose message throws cuts the answer, and is logged; so does one that says it is a cancellation") {
            class Nasty : RuntimeException() {
                override val message: String get() = error("no message")

                override fun toString(): String = error("no text")
            }
            for (error in listOf(Nasty(), CancellationException("mine"), StackOverflowError())) {
                val failing = Played { it.onSubscribe(subscription()) }
                withClue(error.javaClass) { played(failing, isWhole = false, errors = 1) { failing.subscriber.onError(error) } }
            }
        }

        test("signals of another thread, in order: each event once, and the end of the answer") {
            val other = Played { it.onSubscribe(subscription()) }
            scene(handler = { EventStream.of(other) }) {
                val client = connect()
                client.send(get("/"))
                reactor.flush()
                val wanted = other.subscriptions.single()
                val thread = Thread {
                    for (i in 1..200) {
                        wanted.demand.acquire()
                        other.subscriber.onNext(event("$i"))
                    }
                    wanted.demand.acquire()
                    other.subscriber.onComplete()
                }
                thread.start()
                val text = StringBuilder()
                val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
                while (!text.endsWith("0\r\n\r\n") && System.nanoTime() < deadline) {
                    reactor.flush()
                    text.append(client.got())
                }
                thread.join(20_000)
                Regex("data: (\\d+)\n").findAll(text).map { it.groupValues[1].toInt() }.toList() shouldBe (1..200).toList()
                client.transport.loseConnection()
                reactor.flush()
                client.end.shouldBeInstanceOf<ConnectionDone>()
            }
        }
    })

/** A publisher that does what the test says. */
private class Played(private val subscribing: Played.(Flow.Subscriber<in ServerSentEvent>) -> Unit) : Flow.Publisher<ServerSentEvent> {
    val subscriptions = ArrayList<PlayedSubscription>()
    lateinit var subscriber: Flow.Subscriber<in ServerSentEvent>

    fun subscription(failsAt: Int = 0, failsToCancel: Boolean = false) = PlayedSubscription(failsAt, failsToCancel).also(subscriptions::add)

    override fun subscribe(subscriber: Flow.Subscriber<in ServerSentEvent>) {
        this.subscriber = subscriber
        subscribing(subscriber)
    }
}

private class PlayedSubscription(private val failsAt: Int, private val failsToCancel: Boolean) : Flow.Subscription {
    val demand = java.util.concurrent.Semaphore(0)
    var requested = 0
    var requestedLate = 0
    var cancelled = 0

    override fun request(n: Long) {
        n shouldBe 1
        if (cancelled > 0) requestedLate++
        if (++requested == failsAt) error("cannot be asked")
        demand.release()
    }

    override fun cancel() {
        cancelled++
        if (failsToCancel) error("cannot be cancelled")
    }
}
