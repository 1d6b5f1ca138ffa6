// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.clock.ManualClock
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.util.concurrent.TimeUnit

/** Debugging can be turned off and on while the program runs; tests run with it on. */
internal class DebugSwitchSpec :
    StringSpec({
        fun <T> without(block: () -> T): T {
            DeferredDebug.setDebugging(false)
            try {
                DeferredDebug.enabled shouldBe false
                return block()
            } finally {
                DeferredDebug.setDebugging(true)
            }
        }

        "what is made while it is off does not know where, and works with what does" {
            val known = Deferred<Int>()
            val unknown = without { Deferred<Int>() }
            known.toString() shouldContain "made at DebugSwitchSpec.kt:"
            unknown.toString() shouldNotContain "made at"
            val clock = ManualClock()
            without { clock.callLater(1, TimeUnit.SECONDS) {} }.createdAt shouldBe null
            clock.callLater(1, TimeUnit.SECONDS) {}.createdAt shouldNotBe null
            known.addAsyncCallback { unknown }
            without { known.callback(1) }
            unknown.callback(2)
            outcomeOf(known) shouldBe Success(2)
            shouldThrow<AlreadyCalledException> { without { known.callback(3) } }.message!! shouldContain "made:"
        }

        "a running reactor takes part from its next turn on" {
            withReactor { reactor ->
                lateinit var escaped: Deferred<Int>
                without {
                    reactor.onLoop { escaped = Deferred() }
                    escaped.callback(1)
                }
                reactor.onLoop {} // in the turn that had begun before
                reactor.onLoop { escaped = Deferred() }
                shouldThrow<IllegalStateException> { escaped.callback(1) }.message!! shouldContain "belongs to the loop"
            }
        }
    })
