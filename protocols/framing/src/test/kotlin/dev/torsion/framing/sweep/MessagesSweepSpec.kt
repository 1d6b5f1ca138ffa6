// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing.sweep

import dev.torsion.testkit.sweep.FaultSweep
import io.kotest.core.spec.style.StringSpec

/** A fault at each point of a program that exchanges messages: see [FaultSweep] for what has to hold afterwards. */
class MessagesSweepSpec :
    StringSpec({
        "nothing that goes wrong harms a program of messages" {
            FaultSweep("messages") { MessagesProgram(it).begin() }.run().throwIfWrong()
        }
    })
