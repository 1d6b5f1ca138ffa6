// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers

import dev.torsion.benchmarks.HttpPages
import dev.torsion.benchmarks.Order
import dev.torsion.benchmarks.OrderJson
import dev.torsion.benchmarks.Wire
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.reactor.Reactor
import dev.torsion.web.Request
import dev.torsion.web.Response
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
import kotlinx.coroutines.future.await

/** Torsion's suspend voice: one handler, which is a suspend function. */
internal class TorsionHttpSuspend : BenchServer {
    private val text = HttpPages.text()
    private val order = Order.sample()

    override fun start(wire: Wire): Int {
        val reactor = Reactor.create()
        val files = StaticFiles.of(reactor, HttpPages.folder())
        val site = Site(reactor, TorsionHttpResources.OPTIONS) { request -> answer(request, files) }
        reactor.start()
        return reactor.blockingCallFromThread { TCP4ServerEndpoint(reactor, 0).listen(site) }.port()
    }

    private suspend fun answer(request: Request, files: StaticFiles): Response = when (request.rawPath) {
        HttpPages.TEXT_PATH -> Response.bytes(text, HttpPages.TEXT_TYPE)
        HttpPages.JSON_PATH -> Response.bytes(OrderJson.encode(order), HttpPages.JSON_TYPE)
        HttpPages.FILE_PATH -> files.handle(request).await()
        HttpPages.ECHO_PATH -> Response.bytes(request.body.readBytes(), HttpPages.ECHO_TYPE)
        else -> Response.error(404)
    }
}
