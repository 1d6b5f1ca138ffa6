// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.succeed
import dev.torsion.examples.Output
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** Work that blocks, on threads of the pool, with results on the reactor's thread. */
fun blockingWork(reactor: Reactor, out: Output): Deferred<Unit> = inlineCallbacks {
    val work = reactor.deferToThread { slowly("result") }
    out.println("the program goes on")
    out.println("deferToThread: ${work.await()}, and back on the reactor's thread: ${reactor.isInReactorThread}")

    val called = Deferred<Boolean>()
    reactor.callInThread {
        val wasInReactor = reactor.isInReactorThread
        reactor.callFromThread { called.callback(wasInReactor) }
    }
    out.println("callInThread: on the reactor's thread: ${called.await()}")

    // The other way round: a thread waits for what only the reactor's thread may do. It waits for a Deferred too.
    val asked = reactor.deferToThread { reactor.blockingCallFromThread { succeed(reactor.isInReactorThread) } }
    out.println("blockingCallFromThread: on the reactor's thread: ${asked.await()}")
    out.println("the pool has at most ${reactor.threadPool.size} threads")
}

/** Work that would stop everything on the reactor's thread. */
private fun slowly(result: String): String {
    Thread.sleep(20)
    return result
}

fun main() {
    exitProcess(react { reactor -> blockingWork(reactor, Output.CONSOLE).await() })
}
