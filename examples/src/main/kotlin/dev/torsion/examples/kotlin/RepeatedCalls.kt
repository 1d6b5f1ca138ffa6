// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.clock.Clock
import dev.torsion.clock.LoopingCall
import dev.torsion.clock.callLater
import dev.torsion.clock.start
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output
import dev.torsion.reactor.react
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds

/** A `LoopingCall`, and a delayed call that ends it. */
fun repeatedCalls(clock: Clock, out: Output): Deferred<Unit> {
    var ticks = 0
    val loop = LoopingCall(clock) { out.println("tick ${++ticks}") }
    clock.callLater(500.milliseconds) {
        out.println("enough")
        loop.stop()
    }
    return loop.start(200.milliseconds, now = true).addCallback { out.println("the loop has ended") }
}

fun main() {
    exitProcess(react { reactor -> repeatedCalls(reactor, Output.CONSOLE).await() })
}
