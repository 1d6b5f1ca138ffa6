// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * One measurement.
 *
 * @param perSecond messages per second
 * @param cpuNanos what the server's process computed for each message
 * @param loadNanos what the load's process computed for each message
 * @param isDisturbed whether other programs took more than they may
 */
record Window(double perSecond, double cpuNanos, double loadNanos, boolean isDisturbed) {
  /** How much of a window other programs may take. */
  private static final double TOLERATED = 0.08;

  /** Has the clients of {@code session} ask {@code server} for {@code millis}. */
  static Window measure(Child server, Child load, String session, int millis) throws IOException {
    long busyBefore = Machine.busyNanos();
    long loadBefore = Machine.cpuNanos(load.pid());
    long before = Machine.cpuNanos(server.pid());
    String[] answer = load.ask(Machine.join("run", session, millis)).split(" ", -1);
    long cpu = Machine.cpuNanos(server.pid()) - before;
    long loadCpu = Machine.cpuNanos(load.pid()) - loadBefore;
    long others = Machine.busyNanos() - busyBefore - loadCpu - cpu;
    long messages = Long.parseLong(answer[0]);
    long nanos = Long.parseLong(answer[1]);
    return new Window(
        messages * 1e9 / nanos,
        (double) cpu / messages,
        (double) loadCpu / messages,
        others > TOLERATED * nanos + TimeUnit.MILLISECONDS.toNanos(20));
  }

  /** Those that nothing has disturbed, unless all were. */
  static List<Window> counting(List<Window> all) {
    var calm = all.stream().filter(window -> !window.isDisturbed).toList();
    return calm.isEmpty() ? all : calm;
  }

  static double median(List<Window> windows, ToDoubleFunction<Window> figure) {
    double[] sorted = windows.stream().mapToDouble(figure).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
