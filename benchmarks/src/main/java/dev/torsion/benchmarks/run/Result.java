// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Work;
import java.util.List;
import java.util.Locale;

/**
 * The result of one server in one work.
 *
 * @param windows the measurements that count
 * @param leftOut how many were left out, since something else was running
 * @param isDisturbed whether that was so in every one, so that they had to count after all
 * @param allocated bytes that the server allocated for each message; -1 when it does not tell
 * @param latencies null when they were not measured
 */
record Result(
    Work work,
    Contender contender,
    List<Window> windows,
    int leftOut,
    boolean isDisturbed,
    double allocated,
    Latencies latencies) {
  double perSecond() {
    return Window.median(windows, Window::perSecond);
  }

  double cpuNanos() {
    return Window.median(windows, Window::cpuNanos);
  }

  /** Whether most of its windows had other load beside them. */
  boolean isMostlyDisturbed() {
    return isDisturbed || leftOut > windows.size();
  }

  /** The allocated bytes of a message, in figures; empty when they are not known. */
  String allocatedText() {
    return allocated < 0 ? "" : String.format(Locale.ROOT, "%,.1f", allocated);
  }
}
