// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.micro

import io.vertx.core.Promise

/** The part of [DeferredChain] that is Vert.x's; in Kotlin for the reason given at its server. */
internal object VertxChain {
    @JvmStatic
    fun run(start: Int, steps: Int): Any {
        val first = Promise.promise<Int>()
        var last = first.future()
        repeat(steps) { last = last.map { it + 1 } }
        first.complete(start)
        return last
    }
}
