// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers

import dev.torsion.benchmarks.HttpPages
import dev.torsion.benchmarks.Order
import dev.torsion.benchmarks.OrderJson
import dev.torsion.benchmarks.Wire
import io.vertx.core.Vertx
import io.vertx.core.VertxOptions
import io.vertx.core.buffer.Buffer
import io.vertx.core.http.HttpServerOptions
import io.vertx.core.http.HttpServerRequest
import java.util.concurrent.TimeUnit

/** The web server of Vert.x on one event loop, without its router. It sends no `Date` by itself. */
internal class VertxHttpServer : BenchServer {
    private val text = Buffer.buffer(HttpPages.text())
    private val order = Order.sample()
    private val file = HttpPages.folder().toString() + HttpPages.FILE_PATH
    private var date = ""

    override fun start(wire: Wire): Int {
        val vertx = Vertx.vertx(VertxOptions().setEventLoopPoolSize(1))
        val options = HttpServerOptions().setTcpNoDelay(true).setAcceptBacklog(1024).setPort(0).setIdleTimeout(HttpPages.IDLE_SECONDS)
        date = HttpPages.now()
        vertx.setPeriodic(1000) { date = HttpPages.now() }
        val server = vertx.createHttpServer(options).requestHandler(::answer).listen()
        return server.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS).actualPort()
    }

    private fun answer(request: HttpServerRequest) {
        val response = request.response().putHeader("Date", date)
        when (request.path() ?: "") {
            HttpPages.TEXT_PATH -> response.putHeader("Content-Type", HttpPages.TEXT_TYPE).end(text)
            HttpPages.JSON_PATH ->
                response.putHeader("Content-Type", HttpPages.JSON_TYPE).end(Buffer.buffer(OrderJson.encode(order)))
            HttpPages.FILE_PATH -> response.putHeader("Content-Type", HttpPages.TEXT_TYPE).sendFile(file)
            HttpPages.ECHO_PATH ->
                request.body().onSuccess { body -> response.putHeader("Content-Type", HttpPages.ECHO_TYPE).end(body) }
            else -> response.setStatusCode(404).end()
        }
    }
}
