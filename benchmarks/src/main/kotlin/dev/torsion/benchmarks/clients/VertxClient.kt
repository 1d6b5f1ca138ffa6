// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients

import io.vertx.core.Vertx
import io.vertx.core.VertxOptions
import io.vertx.core.http.HttpClientOptions
import io.vertx.core.http.HttpMethod
import io.vertx.core.http.PoolOptions
import java.net.URI

/** The client of Vert.x on one event loop. */
internal class VertxClient(url: String, inFlight: Int) : BenchHttpClient {
    private val vertx = Vertx.vertx(VertxOptions().setEventLoopPoolSize(1))
    private val context = vertx.getOrCreateContext()
    private val client = vertx.createHttpClient(HttpClientOptions(), PoolOptions().setHttp1MaxSize(inFlight))
    private val target = URI.create(url)

    override fun ask(listener: BenchHttpClient.Listener) {
        context.runOnContext {
            client.request(HttpMethod.GET, target.port, target.host, target.path)
                .compose { request -> request.send() }
                .compose { response -> response.body().onSuccess { listener.answered(response.statusCode(), it.length()) } }
                .onFailure(listener::failed)
        }
    }
}
