// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.reactor.Reactor
import dev.torsion.spread.pb.PBServerFactory
import dev.torsion.spread.pb.Referenceable
import dev.torsion.spread.pb.Remote
import dev.torsion.spread.pb.Root

/** The root object of a server: one of its methods returns a second object, which is called in turn. */
class PerspectiveServer(private val out: Output) : Root {
    @Remote("get_main")
    fun main(message0: String, message1: String): List<Any> {
        out.println(message0)
        out.println(message1)
        return listOf("2. server: get_main runs", "3. server: here is a second object", Second())
    }

    private inner class Second : Referenceable {
        @Remote("server2_main")
        fun main(message: String) {
            out.println(message)
            out.println("5. server: server2_main runs")
        }
    }
}

fun main() {
    val reactor = Reactor.create()
    reactor.listenTcp(8800, PBServerFactory(PerspectiveServer(Output.CONSOLE)))
    reactor.run()
}
