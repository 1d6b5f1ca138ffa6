// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code torsion} command. */
@Command(
    name = "torsion",
    description = "Twisted's model of networking for the JVM.",
    mixinStandardHelpOptions = true,
    version = "torsion 0.1.0-SNAPSHOT")
public final class TorsionCommand {
  private TorsionCommand() {}

  /** Runs the command; the process ends with picocli's exit code. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new TorsionCommand()).execute(args));
  }
}
