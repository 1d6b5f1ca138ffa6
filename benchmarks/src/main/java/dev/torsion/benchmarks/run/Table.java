// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.io.PrintStream;
import java.util.Locale;

/** The results as text. */
final class Table {
  private final PrintStream out;

  Table(PrintStream out) {
    this.out = out;
  }

  void print(Standing standing) {
    out.println();
    out.println(standing.work().id() + ": " + standing.work().title);
    out.printf(
        Locale.ROOT,
        "  %-22s %12s %12s %9s %9s %9s%n",
        "",
        "messages/s",
        "CPU ns/msg",
        "CPU ratio",
        "bytes/msg",
        "windows");
    for (Result result : standing.results()) {
      out.printf(
          Locale.ROOT,
          "  %-22s %,12.0f %,12.0f %9s %9s %9s%n",
          result.contender().server,
          result.perSecond(),
          result.cpuNanos(),
          standing.cpuRatio(result),
          result.allocatedText(),
          result.windows().size()
              + (result.isDisturbed() ? " disturbed" : "")
              + (result.leftOut() == 0 ? "" : " (-" + result.leftOut() + ")"));
    }
    for (Result result : standing.results()) print(result);
  }

  private void print(Result result) {
    var latencies = result.latencies();
    if (latencies == null) return;
    out.printf(
        Locale.ROOT,
        "  %-22s at %,d/s: p50 %,.0f us, p99 %,.0f us, p99.9 %,.0f us%n",
        result.contender().server,
        latencies.perSecond(),
        latencies.p50() / 1e3,
        latencies.p99() / 1e3,
        latencies.p999() / 1e3);
  }

  void print(Standing.Ratio ratio) {
    out.printf(
        Locale.ROOT,
        "RATIO %s %s %s %.3f %.3f%n",
        ratio.work().id(),
        ratio.voice(),
        ratio.peer(),
        ratio.cpu(),
        ratio.rate());
  }
}
