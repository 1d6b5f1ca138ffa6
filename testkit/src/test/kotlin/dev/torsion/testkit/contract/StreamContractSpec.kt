// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(dev.torsion.spi.TorsionSpi::class)

package dev.torsion.testkit.contract

import dev.torsion.testkit.Chunking
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir

class StreamContractSpec :
    FunSpec({
        mapOf(
            "sockets" to { StreamHarness.sockets() },
            "memory" to { StreamHarness.memory() },
            "memory, in random pieces" to { StreamHarness.memory(Chunking.random(seed = 1, largest = 4000)) },
            "memory, with a window of 1000 bytes" to { StreamHarness.memory(window = 1000) },
            "the channel of a StringTransport" to { StringHarness() },
        ).forEach { (name, harness) ->
            context(name) {
                StreamContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
                if (name.endsWith("StringTransport")) return@context // nothing accepts in it
                AcceptorContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }

        context("UNIX sockets") {
            val folder = tempdir("contract").toPath() // short: the path of a UNIX socket has about a hundred bytes
            val contract = StreamContract { StreamHarness.unixSockets(folder) }
            (contract.streams + contract.halfClose).forEach { check -> test(check.name) { check.run() } }
        }

        mapOf(
            "UNIX sockets in memory" to { StreamHarness.unixMemory() },
            "UNIX sockets in memory, in random pieces" to { StreamHarness.unixMemory(Chunking.random(seed = 1, largest = 4000)) },
        ).forEach { (name, harness) ->
            context(name) {
                val contract = StreamContract(harness)
                (contract.streams + contract.halfClose).forEach { check -> test(check.name) { check.run() } }
            }
        }
    })
