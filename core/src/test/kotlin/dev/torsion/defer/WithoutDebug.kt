// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.io.IOException

/** A program for the tests of debug mode, which is fixed when the JVM starts. */
internal object WithoutDebug {
    @JvmStatic
    fun main(args: Array<String>) {
        check(!DeferredDebug.enabled)
        UnhandledFailures.addListener { report ->
            val claimed = report.failure.value.message != "logged"
            if (claimed) System.out.append("made at ${report.madeAt}, places: ${report.places}\n")
            claimed
        }
        UnhandledFailures.beginTurn()
        fail<Int>(IOException("claimed"))
        fail<Int>(IOException("logged"))
        UnhandledFailures.endTurn()
        val fired = succeed(1)
        System.out.append("twice: ${runCatching { fired.callback(2) }.exceptionOrNull()?.message}\n")
        System.out.flush()
    }
}
