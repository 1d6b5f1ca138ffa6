// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.slf4j.event.Level

/** Which events pass. */
internal class FilteringLogObserverSpec :
    StringSpec({
        fun count(event: LogEvent) = event.values.getValue("count") as Int

        fun predicate(result: PredicateResult, test: (Int) -> Boolean) =
            LogFilterPredicate { if (test(count(it))) result else PredicateResult.MAYBE }

        val twoMinus = predicate(PredicateResult.YES) { it <= 2 }
        val twoPlus = predicate(PredicateResult.YES) { it >= 2 }
        val notTwo = predicate(PredicateResult.NO) { it == 2 }
        val no = LogFilterPredicate { PredicateResult.NO }

        /** Which of four events pass, and which are kept back. */
        fun filtered(vararg predicates: LogFilterPredicate): Pair<List<Int>, List<Int>> {
            val (seen, unseen) = List(2) { Recorded() }
            val observer = FilteringLogObserver(seen, predicates.toList(), unseen)
            repeat(4) { observer.observe(event("", values = mapOf("count" to it))) }
            return seen.events.map(::count) to unseen.events.map(::count)
        }

        "without predicates all pass" {
            filtered().first shouldContainExactly listOf(0, 1, 2, 3)
        }

        "no keeps an event back, for the other observer" {
            filtered(notTwo) shouldBe (listOf(0, 1, 3) to listOf(2))
        }

        "without another observer what is kept back is gone" {
            val seen = Recorded()
            FilteringLogObserver(seen, listOf(no)).observe(event("x"))
            seen.messages shouldBe emptyList()
        }

        "maybe passes when nobody says otherwise" {
            filtered(twoPlus).first shouldContainExactly listOf(0, 1, 2, 3)
        }

        "the first yes or no counts" {
            filtered(twoPlus, no).first shouldContainExactly listOf(2, 3)
            filtered(twoPlus, twoMinus, no).first shouldContainExactly listOf(0, 1, 2, 3)
            filtered(no, twoPlus).first shouldBe emptyList()
        }

        "it is interested in what may pass" {
            val levels = LogLevelFilterPredicate(Level.WARN)
            val warnings = FilteringLogObserver(Recorded(), listOf(levels))
            warnings.isInterested(Level.INFO, "a") shouldBe false
            warnings.isInterested(Level.WARN, "a") shouldBe true
            FilteringLogObserver(Recorded(), listOf(twoPlus, levels)).isInterested(Level.INFO, "a") shouldBe true
            FilteringLogObserver(Recorded(), listOf(levels), Recorded()).isInterested(Level.INFO, "a") shouldBe true
            FilteringLogObserver(warnings, listOf(LogLevelFilterPredicate(Level.TRACE))).isInterested(Level.INFO, "a") shouldBe false
        }

        "a namespace has the level of the nearest one above it that has one" {
            val levels = LogLevelFilterPredicate()
            levels.logLevelForNamespace("") shouldBe Level.INFO
            levels.logLevelForNamespace("rocker.cool.namespace") shouldBe Level.INFO
            levels.setLogLevelForNamespace("", Level.ERROR)
            levels.setLogLevelForNamespace("web", Level.DEBUG)
            levels.setLogLevelForNamespace("web.dav", Level.WARN)
            val expected = mapOf(
                "" to Level.ERROR,
                "other" to Level.ERROR,
                "web" to Level.DEBUG,
                "web.x" to Level.DEBUG,
                "website" to Level.ERROR,
                "web.dav" to Level.WARN,
                "web.dav.a.b" to Level.WARN,
            )
            expected.keys.associateWith(levels::logLevelForNamespace) shouldBe expected
            levels.clearLogLevels()
            expected.keys.map(levels::logLevelForNamespace).distinct() shouldContainExactly listOf(Level.INFO)
        }

        "events below the level of their namespace are kept back" {
            val levels = LogLevelFilterPredicate(Level.ERROR)
            levels.setLogLevelForNamespace("web", Level.DEBUG)
            levels.setLogLevelForNamespace("web.dav", Level.WARN)

            fun result(namespace: String, level: Level) = levels.test(event("", level, namespace))
            result("", Level.DEBUG) shouldBe PredicateResult.NO
            result("", Level.ERROR) shouldBe PredicateResult.MAYBE
            result("web", Level.DEBUG) shouldBe PredicateResult.MAYBE
            result("web", Level.TRACE) shouldBe PredicateResult.NO
            result("web.dav", Level.INFO) shouldBe PredicateResult.NO
            result("web.dav", Level.WARN) shouldBe PredicateResult.MAYBE
            result("web.dav", Level.ERROR) shouldBe PredicateResult.MAYBE
        }
    })
