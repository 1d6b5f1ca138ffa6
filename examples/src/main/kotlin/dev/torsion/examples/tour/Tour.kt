// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.UnhandledFailures
import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.react
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

/**
 * Runs all [stops] one after the other on one reactor, in the calling thread.
 *
 * @param timeout how long one performance may take
 */
class Tour(private val stops: List<Stop>, private val printer: TourPrinter, private val timeout: Duration = 5.seconds) {
    private val errors = ArrayList<String>()
    private val reactor =
        Reactor.create(
            ReactorOptions(
                // On a busy machine, loading the classes of a stop for the first time can take long; that is not what the tour shows.
                blockedThreshold = java.time.Duration.ofSeconds(3),
                errorListener = ErrorListener { context, error -> errors.add("$context: $error") },
            ),
        )

    /** True when every performance said what it was expected to say. */
    fun run(): Boolean {
        val began = reactor.nanoTime()
        var failures = 0
        printer.title()
        UnhandledFailures.addListener { report -> errors.add(report.toString()) }.use {
            react(reactor) {
                stops.forEachIndexed { index, stop ->
                    val results = stop.performances.map { perform(stop, it) }
                    printer.stop(index + 1, stop, results)
                    failures += results.count { it.problem != null }
                }
            }
        }
        printer.summary(stops, failures, since(began))
        return failures == 0
    }

    private suspend fun perform(stop: Stop, performance: Performance): Result {
        val said = Transcript()
        val began = reactor.nanoTime()
        errors.clear()
        val problem =
            try {
                val ended = withTimeoutOrNull(timeout) { performance.program(reactor, said) }
                when {
                    ended == null -> "It did not end within $timeout."
                    errors.isNotEmpty() -> "An error was reported: ${errors.first()}"
                    else -> firstDifference(stop.expected, said.lines)
                }
            } catch (e: Exception) {
                "It failed: $e"
            }
        return Result(performance.voice, said.lines, since(began), problem)
    }

    private fun since(moment: Long) = (reactor.nanoTime() - moment).nanoseconds

    /**
     * The outcome of one performance.
     *
     * @property problem why it is not as expected, or null
     */
    class Result(val voice: String, val said: List<String>, val duration: Duration, val problem: String?)
}

private fun firstDifference(expected: List<String>, said: List<String>): String? {
    if (said == expected) return null
    val line = expected.zip(said).indexOfFirst { (a, b) -> a != b }.takeIf { it >= 0 } ?: minOf(expected.size, said.size)
    return "Line ${line + 1} should be ${expected.quoted(line)}, but is ${said.quoted(line)}."
}

private fun List<String>.quoted(line: Int) = getOrNull(line)?.let { "\"$it\"" } ?: "missing"
