// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import io.kotest.core.spec.style.FunSpec

class ReactorContractSpec :
    FunSpec({
        mapOf(
            "nio" to ReactorKind.nio(),
            "memory" to ReactorKind.memory(),
        ).forEach { (name, kind) ->
            context(name) {
                ReactorContract(kind).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }
    })
