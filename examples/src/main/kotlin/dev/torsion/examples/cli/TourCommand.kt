// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.examples.tour.Tour
import dev.torsion.examples.tour.TourPrinter
import dev.torsion.examples.tour.stops
import picocli.CommandLine.Command
import picocli.CommandLine.Help.Ansi
import picocli.CommandLine.Option

/** `torsion tour`. */
@Command(
    name = "tour",
    description = [
        "Runs the documents' programs, in Java and in Kotlin, in one process on real sockets, and shows what they print.",
        "Exit code 0 when all of them behave as expected, otherwise 1.",
    ],
)
internal class TourCommand : TorsionSubcommand() {
    @Option(names = ["-h", "--help"], usageHelp = true, description = ["Show this help message and exit."])
    private var helpRequested = false

    /** Colour is for terminals, and for those who do not refuse it: see no-color.org. */
    override fun call(): Int = if (Tour(stops(), TourPrinter(out, Ansi.AUTO.enabled())).run()) 0 else 1
}
