// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.build.TorsionModule
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import java.time.Duration
import java.time.temporal.ChronoUnit
import kotlin.io.path.readLines

/** A try for each place that takes a duration: `package/Class.method`, and `(Kotlin)` behind it when it takes one of Kotlin's. */
internal typealias Tries = Map<String, (Duration) -> Unit>

/**
 * However long a time is, it means what it says: for ever. Every parameter of the public API that is a duration is given the longest there
 * are; the list is held complete by the API dumps.
 */
internal class DurationsSpec :
    FunSpec({
        val tries =
            clockDurations + netDurations + endpointDurations + reactorDurations + serviceDurations + framingDurations + javaDurations +
                testkitDurations

        test("each place where the public API takes a duration is tried here") {
            (tries.keys + givenToTheUser) shouldContainExactlyInAnyOrder takingDurations()
        }

        longest.forEach { time ->
            tries.forEach { (place, attempt) ->
                test("$place takes $time") { attempt(time) }
            }
        }
    }) {
    private companion object {
        val longest: List<Duration> =
            listOf(ChronoUnit.FOREVER.duration, Duration.ofNanos(Long.MAX_VALUE), Duration.ofSeconds(Long.MAX_VALUE / 1000))

        /** The library gives these a duration. */
        val givenToTheUser =
            setOf(
                "clock/TimeoutCallback.timedOut",
                "health/BlockedLoopListener.loopBlocked",
                "health/BlockedLoopListener.turnIsLong",
                "testkit/contract/ReactorKind.create",
            )

        val MANGLED = Regex("""-[A-Za-z0-9_]{7}$""")

        /** `package/Class.method` of each method with a duration, and `(Kotlin)` behind it when that is one of Kotlin's. */
        fun takingDurations(): Set<String> {
            val found = LinkedHashSet<String>()
            for (module in listOf(TorsionModule.CORE, TorsionModule.FRAMING, TorsionModule.JAVA_FACADE, TorsionModule.TESTKIT)) {
                var type = ""
                for (line in module.api.readLines()) {
                    if (!line.startsWith("\t")) {
                        type = line.substringAfter("class ").substringAfter("interface ").substringBefore(" ").removePrefix("dev/torsion/")
                        continue
                    }
                    val name = line.substringAfter(" fun ", "").substringBefore(" (")
                    val parameters = line.substringAfter(" (", "").substringBefore(")")
                    if (name.isEmpty() || name.endsWith("\$default") || "DefaultConstructorMarker" in parameters) continue
                    if ("Ljava/time/Duration;" in parameters) found.add("$type.$name")
                    if (MANGLED.containsMatchIn(name)) found.add("$type.${name.replace(MANGLED, "")} (Kotlin)")
                }
            }
            return found
        }
    }
}
