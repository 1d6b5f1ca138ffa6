// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import io.kotest.core.spec.style.FunSpec

class DatagramContractSpec :
    FunSpec({
        mapOf(
            "sockets" to { StreamHarness.sockets() },
            "memory" to { StreamHarness.memory() },
        ).forEach { (name, harness) ->
            context(name) {
                DatagramContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }
    })
