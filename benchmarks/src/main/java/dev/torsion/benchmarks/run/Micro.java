// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Operations that cost nanoseconds, measured with JMH. */
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

  /** Nanoseconds by the name of the benchmark. */
  Map<String, Double> run(Plan plan) throws RunnerException {
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
    var nanos = new LinkedHashMap<String, Double>();
    for (RunResult result : new Runner(options.build()).run()) {
      String name = result.getParams().getBenchmark();
      nanos.put(name.substring(name.lastIndexOf('.') + 1), result.getPrimaryResult().getScore());
    }
    return nanos;
  }

  void print(Map<String, Double> nanos, PrintStream out) {
    out.println();
    out.println(id() + ": " + title);
    nanos.forEach((name, value) -> out.printf(Locale.ROOT, "  %-32s %,10.1f ns%n", name, value));
  }
}
