// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.clock.Clock
import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.examples.Output
import dev.torsion.reactor.react
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds

/** `inlineCallbacks`: a suspend block that waits for Deferreds. Calling it starts it. */
fun inline(clock: Clock, out: Output): Deferred<Unit> = inlineCallbacks {
    var result = 1
    out.println("step 1")
    out.println("step 2, result $result")

    val later = Deferred<Int>()
    clock.callLater(20.milliseconds) { later.callback(2) }
    result = later.await()
    out.println("step 3, result $result")

    val failing = Deferred<Int>()
    clock.callLater(20.milliseconds) { failing.errback(IllegalStateException("3")) }
    try {
        failing.await()
    } catch (e: IllegalStateException) {
        result = e.message!!.toInt()
    }
    out.println("step 4, result $result, from the exception")
}

fun main() {
    exitProcess(react { reactor -> inline(reactor, Output.CONSOLE).await() })
}
