// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.framing.LineCodec
import dev.torsion.framing.serve
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor

/** Answers each line in upper case: a server in four lines, one coroutine for each connection. */
fun serveUpperCase(reactor: Reactor, endpoint: String): Deferred<ListeningPort> = reactor.serve(endpoint, LineCodec()) { connection ->
    for (line in connection.incoming) connection.send(line.uppercase())
}

fun main() {
    val reactor = Reactor.create()
    serveUpperCase(reactor, "tcp:8007")
    reactor.run()
}
