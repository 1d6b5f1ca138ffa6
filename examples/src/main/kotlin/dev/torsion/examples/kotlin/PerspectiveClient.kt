// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.examples.Output
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.spread.pb.PBClientFactory
import dev.torsion.spread.pb.RemoteReference
import dev.torsion.spread.pb.ask
import dev.torsion.spread.pb.connectPB
import kotlin.system.exitProcess

/** Calls the objects of [PerspectiveServer], in coroutines. */
suspend fun askPerspective(reactor: Reactor, endpoint: String, out: Output) {
    reactor.connectPB(endpoint).use { client ->
        val answer = client.root().ask<List<Any?>>("get_main", "0. client: I have the first object", "1. client: I call get_main")
        answer.take(2).forEach { out.println("$it") }
        (answer[2] as RemoteReference).ask<Unit>("server2_main", "4. client: I call server2_main")
        out.println("6. client: it has answered")
    }
}

/** The same with a factory and Deferreds, as the tutorial has it. */
fun askPerspectiveByCallbacks(reactor: Reactor, host: String, port: Int, out: Output): Deferred<Unit> {
    val factory = PBClientFactory()
    reactor.connectTcp(host, port, factory)
    return factory
        .getRootObject()
        .addAsyncCallback { root -> root.callRemote("get_main", "0. client: I have the first object", "1. client: I call get_main") }
        .addAsyncCallback { answer ->
            val (message2, message3, second) = answer as List<*>
            out.println("$message2")
            out.println("$message3")
            (second as RemoteReference).callRemote("server2_main", "4. client: I call server2_main")
        }.addCallback { out.println("6. client: it has answered") }
        .addBoth { outcome ->
            factory.disconnect()
            outcome.get()
        }
}

fun main() {
    exitProcess(react { reactor -> askPerspective(reactor, "tcp:localhost:8800", Output.CONSOLE) })
}
