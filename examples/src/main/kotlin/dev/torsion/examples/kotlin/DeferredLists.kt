// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredList
import dev.torsion.defer.Failure
import dev.torsion.defer.FirstError
import dev.torsion.defer.Success
import dev.torsion.defer.gatherResults
import dev.torsion.defer.trap
import dev.torsion.examples.Output

/** Several results together: `DeferredList` with its three flags, and `gatherResults`. No reactor is needed. */
fun deferredLists(out: Output) {
    out.println("DeferredList waits for all, good or bad; consumeErrors says that the failures are seen to")
    val all = three()
    DeferredList(all, consumeErrors = true).addCallback { outcomes ->
        for (outcome in outcomes) {
            when (outcome) {
                is Success -> out.println("  good: ${outcome.value}")
                is Failure -> out.println("  bad: ${outcome.value.message}")
            }
        }
    }
    all[2].callback("third")
    all[0].callback("first")
    all[1].errback(IllegalStateException("second failed"))

    out.println("fireOnOneErrback does not wait after a failure")
    val early = three()
    DeferredList(early, fireOnOneErrback = true, consumeErrors = true).addErrback { failure ->
        emptyList<Nothing>().also { out.error(failure) }
    }
    early[1].errback(IllegalStateException("second failed"))

    out.println("fireOnOneCallback, here firstResult, wants one result only")
    val first = three()
    DeferredList.firstResult(first).addCallback { (index, value) -> out.println("  number $index came first: $value") }
    first[2].callback("third")

    out.println("gatherResults gives the bare results")
    val gathered = three()
    gatherResults(gathered).addCallback { out.println("  $it") }
    gathered.forEachIndexed { index, deferred -> deferred.callback("result $index") }

    out.println("or the first error")
    val failing = three()
    gatherResults(failing, consumeErrors = true).addCallback { out.println("  $it") }.addErrback { out.error(it) }
    failing[0].errback(IllegalArgumentException("first failed"))
}

private fun three(): List<Deferred<String>> = List(3) { Deferred() }

private fun Output.error(failure: Failure) {
    val first = failure.trap<FirstError>()
    println("  number ${first.index} failed: ${first.subFailure.value.message}")
}

fun main() = deferredLists(Output.CONSOLE)
