// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** The events that are kept, and for how long. */
internal class LimitedHistoryLogObserverSpec :
    StringSpec({
        fun kept(size: Int, count: Int): List<String> {
            val history = LimitedHistoryLogObserver(size)
            repeat(count) { history.observe(event("$it")) }
            val replayed = Recorded()
            history.replayTo(replayed)
            replayed.events shouldContainExactly history.events()
            return replayed.messages
        }

        "events are kept in order" {
            kept(size = 4, count = 2) shouldContainExactly listOf("0", "1")
        }

        "the oldest ones go first" {
            kept(size = 4, count = 8) shouldContainExactly listOf("4", "5", "6", "7")
        }

        "replaying leaves them there, and an observer may log into the history meanwhile" {
            val history = LimitedHistoryLogObserver(3)
            history.observe(event("one"))
            history.replayTo { history.observe(event("again ${it.message}")) }
            history.events().map { it.message } shouldContainExactly listOf("one", "again one")
            history.toString() shouldBe "LimitedHistoryLogObserver(2 of at most 3 events)"
        }

        "a history of nothing is refused" {
            shouldThrow<IllegalArgumentException> { LimitedHistoryLogObserver(0) }
        }
    })
