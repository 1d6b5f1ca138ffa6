// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results of one work, with the best variant of each party. */
record Standing(Work work, List<Result> results) {
  /** The contender that every ratio in the table refers to. */
  static final String YARDSTICK = "netty-nio";

  /** One line of what is machine-readable. */
  record Ratio(Work work, String voice, String peer, double cpu, double rate) {}

  /** The variant of each party that computed least for a message. */
  Map<String, Result> best() {
    var best = new LinkedHashMap<String, Result>();
    results.stream()
        .sorted(Comparator.comparing(Result::contender))
        .forEach(
            result ->
                best.merge(
                    result.contender().party,
                    result,
                    (a, b) -> a.cpuNanos() <= b.cpuNanos() ? a : b));
    return best;
  }

  /** The CPU of a message to that of the yardstick, in figures; empty without one. */
  String cpuRatio(Result result) {
    var yardstick = best().get(YARDSTICK);
    return yardstick == null
        ? ""
        : String.format(Locale.ROOT, "%.2f", result.cpuNanos() / yardstick.cpuNanos());
  }

  /** Whether other load was there for most of the windows of a server that a ratio is made of. */
  boolean isMostlyDisturbed() {
    return best().values().stream().anyMatch(Result::isMostlyDisturbed);
  }

  List<Ratio> ratios() {
    var ratios = new ArrayList<Ratio>();
    var best = best();
    for (Result ours : best.values()) {
      if (!ours.contender().isOurs()) continue;
      for (Result theirs : best.values()) {
        if (theirs.contender().isOurs()) continue;
        ratios.add(
            new Ratio(
                work,
                ours.contender().party,
                theirs.contender().party,
                ours.cpuNanos() / theirs.cpuNanos(),
                ours.perSecond() / theirs.perSecond()));
      }
    }
    return ratios;
  }
}
