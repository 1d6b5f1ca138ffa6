// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** Boxes that are held while the connection changes, and those that hear when they go out. */
class OutputSpec :
    FunSpec({
        test("who is told that a held call is written, and asks for another change, does so behind all that was held") {
            val written = ArrayList<String>()
            val output = Output(mostHeldAnswers = 100, overflow = {}) { written.add(it.decodeToString()) }
            output.asked(Output.State.TLS_ASKED)
            output.call(
                "first".encodeToByteArray(),
                BoxCall(),
                Runnable {
                    output.call("switch".encodeToByteArray(), BoxCall(), null)
                    output.asked(Output.State.SWITCH_ASKED)
                },
            )
            output.call("second".encodeToByteArray(), BoxCall(), Runnable { written.add("(told)") })
            output.answer("third".encodeToByteArray())
            written.size shouldBe 0
            output.open(OutgoingCalls(10), null)
            // Bytes behind a switch would be the other protocol's.
            written shouldContainExactly listOf("first", "second", "third", "switch", "(told)")
            output.state shouldBe Output.State.SWITCH_ASKED
        }
    })
