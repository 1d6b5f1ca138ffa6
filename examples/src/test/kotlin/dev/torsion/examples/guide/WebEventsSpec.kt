// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.testkit.runReactorTest
import dev.torsion.web.EventStream
import dev.torsion.web.ServerSentEvent
import dev.torsion.web.Site
import dev.torsion.web.client.HttpClient
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.take

/** The Kotlin of docs/guide/web-client.md about events. */
class WebEventsSpec :
    StringSpec({
        "events of a server, which ends its answer after each of them" {
            runReactorTest {
                val reactor = this
                val site = Site(reactor) { request ->
                    val next = (EventStream.lastEventId(request)?.toInt() ?: 0) + 1
                    EventStream.of(flow { emit(ServerSentEvent.data("$next").withEvent("price").withId("$next")) })
                }
                val port = reactor.listenTcp(0, site, "127.0.0.1")
                val url = "http://127.0.0.1:${port.port()}/prices"
                val shown = ArrayList<String>()
                HttpClient(reactor).use { http ->
                    val prices = http.get(url).events().flow()
                    prices.filter { it.type == "price" }.take(3).collect { shown.add(it.data) }
                }
                shown shouldContainExactly listOf("1", "2", "3")
                port.stopListening().await()
            }
        }
    })
