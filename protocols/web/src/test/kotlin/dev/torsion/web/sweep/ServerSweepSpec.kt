// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.testkit.sweep.FaultSweep
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import kotlin.io.path.div
import kotlin.io.path.writeText

/** A fault at each step of each kind of exchange of a site: see [ServerProgram] and [FaultSweep] for what has to hold afterwards. */
class ServerSweepSpec :
    StringSpec({
        val files = tempdir().toPath()
        (files / "file").writeText("x".repeat(70_000))
        val kinds = serverKinds(tempdir().toPath(), files)

        beforeSpec {
            // what is done once in a process is no part of a run
            val chosen = System.setProperty(FaultSweep.PROPERTY, "none")
            try {
                for (kind in kinds.values) FaultSweep("web server") { ServerProgram(it, kind()).begin() }.run()
            } finally {
                if (chosen == null) System.clearProperty(FaultSweep.PROPERTY) else System.setProperty(FaultSweep.PROPERTY, chosen)
            }
        }

        for ((name, kind) in kinds) {
            "nothing that goes wrong harms $name" {
                FaultSweep("web server: $name") { ServerProgram(it, kind()).begin() }.run().throwIfWrong()
            }
        }
    })
