// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import io.kotest.core.spec.style.FunSpec

/** Both ends of each connection are pipes of the system, with a thread for each direction: standard input and output, and processes. */
class PipeContractSpec :
    FunSpec({
        val contract = StreamContract(::PipeHarness)
        (contract.streams + contract.halfClose).filter {
            it.name != NEEDS_STEADY_CHANNEL
        }.forEach { check -> test(check.name) { check.run() } }
    })
