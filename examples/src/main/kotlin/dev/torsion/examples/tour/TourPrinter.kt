// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import java.io.PrintWriter
import kotlin.time.Duration

/** Writes the tour to [out]. */
class TourPrinter(private val out: PrintWriter, private val inColour: Boolean) {
    /** The head of the tour. */
    fun title() {
        out.println(bold("Torsion: a tour"))
        out.println("The programs of Twisted's tutorials, in Java and in Kotlin, on real sockets in this process.")
    }

    /** One stop, with what its performances said: once when they said the same. */
    fun stop(number: Int, stop: Stop, results: List<Tour.Result>) {
        out.println()
        out.println("${"%2d".format(number)}  ${bold(stop.title)}")
        out.println("    ${stop.shows}")
        out.println()
        val shown = results.filter { it.problem != null }.ifEmpty { results.take(1) }
        for (result in shown) {
            for (line in result.said) out.println(dim("      | ") + line)
            if (result.problem != null) out.println(red("    ${result.voice}: ${result.problem}"))
        }
        out.println()
        out.println("    " + results.joinToString(", ") { "${it.voice} ${it.duration.short()}" } + verdict(results))
        out.flush()
    }

    private fun verdict(results: List<Tour.Result>) = when {
        results.any { it.problem != null } -> ""
        results.size > 1 -> dim(": the same, line by line")
        else -> ""
    }

    /** The end of the tour. */
    fun summary(stops: List<Stop>, failures: Int, duration: Duration) {
        val performances = stops.sumOf { it.performances.size }
        out.println()
        val count = "${"stop".times(stops.size)}, ${"performance".times(performances)}, in ${duration.short()}"
        if (failures == 0) {
            out.println(green("$count: all as expected."))
        } else {
            out.println(red("$count: $failures not as expected."))
        }
        out.flush()
    }

    private fun String.times(count: Int) = if (count == 1) "1 $this" else "$count ${this}s"

    private fun Duration.short() = if (inWholeSeconds > 0) "%.1f s".format(inWholeMilliseconds / 1000.0) else "$inWholeMilliseconds ms"

    private fun bold(text: String) = paint("1", text)

    private fun dim(text: String) = paint("2", text)

    private fun red(text: String) = paint("31", text)

    private fun green(text: String) = paint("32", text)

    private fun paint(code: String, text: String) = if (inColour) "\u001b[${code}m$text\u001b[0m" else text
}
