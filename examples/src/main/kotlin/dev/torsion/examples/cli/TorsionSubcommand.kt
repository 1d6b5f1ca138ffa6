// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import picocli.CommandLine
import picocli.CommandLine.Model.CommandSpec
import picocli.CommandLine.Spec
import java.io.PrintWriter
import java.util.concurrent.Callable

/** The part that all commands share: where they write. [call] gives the exit code. */
abstract class TorsionSubcommand : Callable<Int> {
    @Spec
    private lateinit var spec: CommandSpec

    protected val commandLine: CommandLine get() = spec.commandLine()

    protected val out: PrintWriter get() = commandLine.out

    protected val name: String get() = spec.name()
}
