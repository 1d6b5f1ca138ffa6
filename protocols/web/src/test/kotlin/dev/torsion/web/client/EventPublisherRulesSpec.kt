// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.reactor.Reactor
import dev.torsion.testsupport.PublisherRules
import dev.torsion.web.EventStream
import dev.torsion.web.Response
import dev.torsion.web.ServerSentEvent
import dev.torsion.web.Site
import io.kotest.core.spec.style.FunSpec
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Flow

/** Every test that Reactive Streams has for publishers (its TCK), run on the events of a server. */
internal class EventPublisherRulesSpec :
    FunSpec({
        val reactor = Reactor.create()
        val clients = ConcurrentLinkedQueue<HttpClient>()
        val subscriptions = ConcurrentLinkedQueue<Flow.Subscription>()
        var port = 0
        beforeSpec {
            reactor.start()
            val site = Site(reactor) { request ->
                val count = request.query("count")!!.toLong()
                if (EventStream.lastEventId(request) == "$count" || count == 0L) {
                    Response.of(204)
                } else if (count < 0) {
                    Response.of(404)
                } else {
                    val events = flow {
                        for (i in 1..count) {
                            emit(ServerSentEvent.data("event $i").withId("$i"))
                            if (i % AT_ONCE == 0L) delay(1) // both sides have one loop
                        }
                    }
                    EventStream.of(events)
                }
            }
            port = reactor.callAndWait { reactor.listenTcp(0, site, "127.0.0.1").port() }
        }
        afterTest {
            generateSequence(subscriptions::poll).forEach { it.cancel() } // some subscribers never do
            generateSequence(clients::poll).forEach { it.close() }
        }
        afterSpec { check(reactor.stopAndJoin(Duration.ofSeconds(20))) { "$reactor does not stop" } }

        // A subscriber that asks for no more keeps its connection, so each test has a client.
        fun events(count: Long): Flow.Publisher<ServerEvent> {
            val client = HttpClient(reactor).also(clients::add)
            val options = EventSourceOptions.DEFAULT.withRetryPolicy { Duration.ofMillis(1) }
            val publisher = client.get("http://127.0.0.1:$port/").query("count", "$count").events(options).publisher()
            return Flow.Publisher { subscriber -> publisher.subscribe(subscriber?.let { Kept(it, subscriptions) }) }
        }
        for ((name, rule) in PublisherRules(Long.MAX_VALUE - 1, ::events, { events(-1) }).rules) test(name) { rule.check() }
    })

private const val AT_ONCE = 50

/** Keeps the subscription, too. */
private class Kept<T>(private val subscriber: Flow.Subscriber<T>, private val subscriptions: ConcurrentLinkedQueue<Flow.Subscription>) :
    Flow.Subscriber<T> by subscriber {
    override fun onSubscribe(subscription: Flow.Subscription) {
        subscriptions.add(subscription)
        subscriber.onSubscribe(subscription)
    }
}

/** The result of [action] on the loop of this running reactor. */
internal fun <T> Reactor.callAndWait(action: () -> T): T {
    val result = java.util.concurrent.CompletableFuture<T>()
    callFromThread { result.complete(action()) }
    return result.get(20, java.util.concurrent.TimeUnit.SECONDS)
}
