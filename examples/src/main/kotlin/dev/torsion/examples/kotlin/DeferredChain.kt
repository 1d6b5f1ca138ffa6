// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.examples.Output

/** How a result, or a failure, goes from one callback to the next. No reactor is needed. */
fun deferredChain(out: Output) {
    out.println("each callback gets the result of the one before it")
    val numbers = Deferred<Int>()
    numbers
        .addCallback { out.step("1", it) + 1 }
        .addCallback { out.step("2", it) + 1 }
        .addCallback { out.step("3", it) }
    numbers.callback(1)

    out.println("an exception goes to the next errback, and what that returns to the next callback")
    val repaired = Deferred<Int>()
    repaired
        .addCallbacks<Int>({ error("step 1 went wrong with $it") }, { out.never(it.value) })
        .addCallbacks({ out.never(it) }, { failure -> out.step("2, errback", failure.value.message).let { 3 } })
        .addCallbacks({ out.step("3, callback", it) }, { out.never(it.value) })
    repaired.callback(1)

    out.println("a callback that returns a Deferred makes the chain wait for it")
    val outer = Deferred<Int>()
    val inner = Deferred<Int>()
    outer.addAsyncCallback { inner }.addCallback { out.step("after the inner one", it) }
    outer.callback(0)
    out.println("waiting: ${outer.isPaused}")
    inner.callback(42)
}

private fun <T> Output.step(name: String, result: T): T {
    println("  step $name: $result")
    return result
}

private fun Output.never(result: Any): Nothing = error("this side of the step must not run, but got $result")

fun main() = deferredChain(Output.CONSOLE)
