// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.io.PrintStream;
import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What costs nanoseconds, measured with JMH. */
enum Micro {
  DEFERRED("DeferredChain", "a chain of ten steps"),
  TIMERS("Timers", "timers"),
  CALLS("CallsFromThreads", "calls from another thread"),
  RESUME("Resuming", "a message for a coroutine");

  private final String type;
  private final String title;

  Micro(String type, String title) {
    this.type = type;
    this.title = title;
  }

  String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  Collection<RunResult> run(Plan plan) throws RunnerException {
    var options =
        new OptionsBuilder()
            .include("dev\\.torsion\\.benchmarks\\.micro\\." + type + "\\.")
            .forks(1)
            .warmupIterations(plan.rounds())
            .warmupTime(TimeValue.milliseconds(plan.windowMillis()))
            .measurementIterations(plan.rounds())
            .measurementTime(TimeValue.milliseconds(plan.windowMillis()))
            .jvmArgs("-Xms1g", "-Xmx1g")
            .verbosity(VerboseMode.SILENT);
    return new Runner(options.build()).run();
  }

  void print(Collection<RunResult> results, PrintStream out) {
    out.println();
    out.println(id() + ": " + title);
    for (RunResult result : results) {
      var score = result.getPrimaryResult();
      String name = result.getParams().getBenchmark();
      out.printf(
          Locale.ROOT,
          "  %-32s %,10.1f ns%n",
          name.substring(name.lastIndexOf('.') + 1),
          score.getScore());
    }
  }
}
