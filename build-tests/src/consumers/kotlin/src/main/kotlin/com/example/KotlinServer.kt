// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package com.example

import dev.torsion.framing.LineCodec
import dev.torsion.framing.serve
import dev.torsion.reactor.Reactor

/** The README's server in Kotlin: answers each line in upper case. */
fun main(args: Array<String>) {
    val reactor = Reactor.create()
    val listening =
        reactor.serve(args[0], LineCodec()) { connection ->
            for (line in connection.incoming) connection.send(line.uppercase())
        }
    listening.addCallback { port -> println("listening on ${port.host()}") }
    reactor.run() // until it is stopped
}
