// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.defer.DeferredDebug
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty

/** A fault at each point of a program: see [FaultSweep] for what has to hold afterwards. */
class FaultSweepSpec :
    StringSpec({
        for ((name, program) in PROGRAMS) {
            for (isDebugging in listOf(true, false)) {
                "nothing that goes wrong harms a program of $name, with debug mode ${if (isDebugging) "on" else "off"}" {
                    val before = DeferredDebug.enabled
                    DeferredDebug.setDebugging(isDebugging)
                    try {
                        FaultSweep(name, program).run().throwIfWrong()
                    } finally {
                        DeferredDebug.setDebugging(before)
                    }
                }
            }
        }

        "nor does it on sockets" { SocketSweep("callbacks") { CallbackProgram(it).begin() }.run().shouldBeEmpty() }
    })

private val PROGRAMS =
    mapOf(
        "callbacks" to SweepProgram { CallbackProgram(it).begin() },
        "services" to SweepProgram { ServiceProgram(it).begin() },
        "threads and timers" to SweepProgram { ThreadsAndTimersProgram(it).begin() },
        "coroutines" to SweepProgram { CoroutineProgram(it).begin() },
        "datagrams" to SweepProgram { DatagramProgram(it).begin() },
    )
