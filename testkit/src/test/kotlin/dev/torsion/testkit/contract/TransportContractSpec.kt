// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.testkit.Chunking
import io.kotest.core.spec.style.FunSpec

class TransportContractSpec :
    FunSpec({
        mapOf(
            "sockets" to { TransportHarness.sockets() },
            "memory" to { TransportHarness.memory() },
            "memory, in random pieces" to { TransportHarness.memory(Chunking.random(seed = 1, largest = 4000)) },
            "memory, with a window of 1000 bytes" to { TransportHarness.memory(window = 1000) },
        ).forEach { (name, harness) ->
            context(name) {
                TransportContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }
    })
