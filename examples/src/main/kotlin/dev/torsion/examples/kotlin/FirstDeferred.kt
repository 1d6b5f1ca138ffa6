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

/** Fires at once: a Deferred needs no reactor. */
private fun plusTen(number: Int): Deferred<Int> = Deferred<Int>().apply { callback(number + 10) }

/** Fires later, with a number or an error. */
private fun plusOne(clock: Clock, text: String): Deferred<Int> {
    val result = Deferred<Int>()
    val number = text.toIntOrNull()
    clock.callLater(20.milliseconds) {
        if (number == null) result.errback(IllegalArgumentException("\"$text\" is no number")) else result.callback(number + 1)
    }
    return result
}

/** A result that is there already, one that comes later, and one that is an error. */
fun firstDeferred(clock: Clock, out: Output): Deferred<Unit> {
    val fired = plusTen(1)
    out.println("it has fired: ${fired.called}")
    fired.addCallback { out.println("a callback that comes late runs all the same: $it") }

    val good = plusOne(clock, "1").addCallback { out.println("the result came: $it") }
    out.println("this line does not wait for it")
    return good
        .addAsyncCallback { plusOne(clock, "two") }
        .addCallback { out.println("never seen, since there is no result") }
        .addErrback { failure -> out.println("the error came: ${failure.type.simpleName}, ${failure.value.message}") }
}

fun main() {
    exitProcess(react { reactor -> firstDeferred(reactor, Output.CONSOLE).await() })
}
