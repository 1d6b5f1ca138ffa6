// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.clock.Clock
import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output
import dev.torsion.reactor.react
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds

/** `callLater`: once, never since it is cancelled, and again and again. The Deferred fires at the end. */
fun delayedCalls(clock: Clock, out: Output): Deferred<Unit> {
    val done = Deferred<Unit>()

    fun greet(name: String, greeting: String) = out.println("$greeting, $name")

    fun tick(number: Int) {
        out.println("tick $number")
        if (number == 3) {
            done.callback(Unit)
        } else {
            clock.callLater(10.milliseconds) { tick(number + 1) }
        }
    }

    out.println("begin")
    val never = clock.callLater(20.milliseconds) { greet("nobody", "goodbye") }
    clock.callLater(30.milliseconds) { greet("Ming", "hello") }
    clock.callLater(40.milliseconds) { tick(1) }
    never.cancel()
    out.println("end: nothing was waited for")
    return done
}

fun main() {
    exitProcess(react { reactor -> delayedCalls(reactor, Output.CONSOLE).await() })
}
