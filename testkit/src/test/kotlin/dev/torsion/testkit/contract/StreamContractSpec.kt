// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(dev.torsion.spi.TorsionSpi::class)

package dev.torsion.testkit.contract

import dev.torsion.testkit.Chunking
import io.kotest.core.spec.style.FunSpec

class StreamContractSpec :
    FunSpec({
        mapOf(
            "sockets" to { StreamHarness.sockets() },
            "memory" to { StreamHarness.memory() },
            "memory, in random pieces" to { StreamHarness.memory(Chunking.random(seed = 1, largest = 4000)) },
            "memory, with a window of 1000 bytes" to { StreamHarness.memory(window = 1000) },
        ).forEach { (name, harness) ->
            context(name) {
                StreamContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
                AcceptorContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }
    })
