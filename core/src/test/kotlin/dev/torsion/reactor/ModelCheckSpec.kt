// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.runWithoutDebug
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.string.shouldContain

/** Runs [ModelChecks]; one that fails shows the interleaving that it has found. */
internal class ModelCheckSpec :
    StringSpec({
        val options =
            listOf(
                "-XX:+EnableDynamicAgentLoading",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.util=ALL-UNNAMED",
            )
        "no interleaving breaks what threads share" {
            val output = runWithoutDebug(ModelChecks::class.java, options)
            for (name in listOf(
                "task queue",
                "wake-up",
                "that a lost wake-up is found",
                "cancelled stage",
                "handed or taken back",
                "future and canceller",
            )) {
                output shouldContain "$name holds"
            }
        }
    })
