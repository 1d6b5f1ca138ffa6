// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The gain of a second loop: the same work on a group of one and of two, on all cores. */
final class Scaling {
  static final String ID = "group";
  private static final int MOST_TRIES = 4; // for each window that is wanted
  private static final List<Work> WORKS = List.of(Work.JSON, Work.LINE, Work.CHURN);

  /**
   * The gain in one work.
   *
   * @param possible the highest {@link #reached} that the cores allow, since the load needs its
   *     share of them
   * @param isDisturbed whether something else was running in all windows, so that they had to count
   */
  record Gain(
      Work work,
      double onePerSecond,
      double twoPerSecond,
      double oneCpuNanos,
      double twoCpuNanos,
      double loadNanos,
      double possible,
      boolean isDisturbed) {
    static Gain of(Work work, List<Window> ofOne, List<Window> ofTwo, int cores) {
      boolean isDisturbed = calm(ofOne).isEmpty() || calm(ofTwo).isEmpty();
      var one = isDisturbed ? ofOne : calm(ofOne);
      var two = isDisturbed ? ofTwo : calm(ofTwo);
      double rate = Window.median(one, Window::perSecond);
      double cpu = Window.median(one, Window::cpuNanos);
      double load = Window.median(one, Window::loadNanos);
      // Two loops; or all cores busy with messages, half served and half asked for; or the one
      // thread of the load busy.
      double allCores = cores * 1e9 / (cpu + load) / rate;
      double loadAlone = 1e9 / load / rate;
      return new Gain(
          work,
          rate,
          Window.median(two, Window::perSecond),
          cpu,
          Window.median(two, Window::cpuNanos),
          load,
          Math.min(2, Math.min(allCores, loadAlone)),
          isDisturbed);
    }

    /** How many times the messages of one loop two of them have served. */
    double reached() {
      return twoPerSecond / onePerSecond;
    }
  }

  private final Plan plan;
  private final PrintStream out;

  Scaling(Plan plan, PrintStream out) {
    this.plan = plan;
    this.out = out;
  }

  List<Gain> run() throws IOException {
    int cores = Runtime.getRuntime().availableProcessors();
    var gains = new ArrayList<Gain>();
    out.printf("%ngroup: one loop and two, with the load on the same %d cores%n", cores);
    out.printf(
        "  %-6s %12s %12s %10s %10s %10s %8s %9s%n",
        "", "1 loop/s", "2 loops/s", "CPU ns, 1", "CPU ns, 2", "load ns", "scaling", "possible");
    for (Work work : WORKS) {
      try (var one = server(work, 1);
          var two = server(work, 2);
          var load = new Child(Machine.load(), Machine.ANY_CORE)) {
        var gain = measure(work, one, two, load, cores);
        gains.add(gain);
        print(gain);
      }
    }
    return gains;
  }

  private static Child server(Work work, int loops) throws IOException {
    var command = new ArrayList<>(Machine.jvm(Machine.java(System.getProperty("java.home"))));
    command.addAll(
        List.of("dev.torsion.benchmarks.servers.ServerMain", "group-" + loops, work.wire.name()));
    return new Child(command, Machine.ANY_CORE);
  }

  private Gain measure(Work work, Child one, Child two, Child load, int cores) throws IOException {
    String toOne = load.ask(Machine.join("open", work, one.read()));
    String toTwo = load.ask(Machine.join("open", work, two.read()));
    load.ask(Machine.join("run", toOne, plan.firstWarmMillis()));
    load.ask(Machine.join("run", toTwo, plan.firstWarmMillis()));
    var ofOne = new ArrayList<Window>();
    var ofTwo = new ArrayList<Window>();
    int tries = MOST_TRIES * plan.rounds();
    while (tries-- > 0 && Math.min(calm(ofOne).size(), calm(ofTwo).size()) < plan.rounds()) {
      ofOne.add(Window.measure(one, load, toOne, plan.windowMillis()));
      ofTwo.add(Window.measure(two, load, toTwo, plan.windowMillis()));
    }
    return Gain.of(work, ofOne, ofTwo, cores);
  }

  /** Those that nothing else has disturbed. */
  private static List<Window> calm(List<Window> windows) {
    return windows.stream().filter(window -> !window.isDisturbed()).toList();
  }

  private void print(Gain gain) {
    out.printf(
        Locale.ROOT,
        "  %-6s %,12.0f %,12.0f %,10.0f %,10.0f %,10.0f %8.2f %9.2f%s%n",
        gain.work.id(),
        gain.onePerSecond,
        gain.twoPerSecond,
        gain.oneCpuNanos,
        gain.twoCpuNanos,
        gain.loadNanos,
        gain.reached(),
        gain.possible,
        gain.isDisturbed ? "  disturbed" : "");
  }
}
