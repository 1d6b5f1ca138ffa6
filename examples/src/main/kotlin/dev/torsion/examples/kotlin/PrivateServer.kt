// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.examples.Output
import dev.torsion.framing.serve
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import kotlinx.serialization.json.JsonPrimitive

/** Thanks for each message of the private protocol. */
fun servePrivate(reactor: Reactor, endpoint: String, out: Output): Deferred<ListeningPort> =
    reactor.serve(endpoint, privateMessages) { connection ->
        for ((header, body) in connection.incoming) {
            out.println("the client sends: header $header, body $body")
            connection.send(privateMessage(1001, JsonPrimitive("我收到你的信息了!")))
        }
    }

fun main() {
    val reactor = Reactor.create()
    servePrivate(reactor, "tcp:8000", Output.CONSOLE)
    reactor.run()
}
