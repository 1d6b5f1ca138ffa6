// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One server in one work, and the clients that ask it. */
final class Match {
  /** How much of a window other programs may take, before it is left out. */
  private static final double TOLERATED = 0.08;

  private final Work work;
  private final Contender contender;
  private final Child server;
  private final Child load;
  private final String port;
  private String session;
  private final List<Window> windows = new ArrayList<>();
  private final List<Window> disturbed = new ArrayList<>();
  private double allocated = -1;
  private Latencies latencies;

  Match(Work work, Contender contender, Child server, String port, Child load) {
    this.work = work;
    this.contender = contender;
    this.server = server;
    this.load = load;
    this.port = port;
  }

  Contender contender() {
    return contender;
  }

  /**
   * Connects the clients, and has them ask for {@code millis} so that the server's code is
   * compiled.
   */
  void begin(int millis) throws IOException {
    session = load.ask(Machine.join("open", work, port));
    load.ask(Machine.join("run", session, millis));
  }

  int windows() {
    return windows.size();
  }

  void measure(int millis) throws IOException {
    long busyBefore = Machine.busyNanos();
    long loadBefore = Machine.cpuNanos(load.pid());
    long before = Machine.cpuNanos(server.pid());
    String[] answer = load.ask(Machine.join("run", session, millis)).split(" ", -1);
    long cpu = Machine.cpuNanos(server.pid()) - before;
    long others =
        Machine.busyNanos() - busyBefore - (Machine.cpuNanos(load.pid()) - loadBefore) - cpu;
    long messages = Long.parseLong(answer[0]);
    long nanos = Long.parseLong(answer[1]);
    var window = new Window(messages * 1e9 / nanos, (double) cpu / messages);
    boolean isDisturbed = others > TOLERATED * nanos + TimeUnit.MILLISECONDS.toNanos(20);
    (isDisturbed ? disturbed : windows).add(window);
  }

  /** Counts what the server allocates, in a window of its own, since the question costs too. */
  void measureAllocation(int millis) throws IOException {
    if (contender.isPython()) return;
    long before = Long.parseLong(server.ask("allocated"));
    String[] answer = load.ask(Machine.join("run", session, millis)).split(" ", -1);
    long after = Long.parseLong(server.ask("allocated"));
    allocated = (double) (after - before) / Long.parseLong(answer[0]);
  }

  void measureLatencies(int millis, long perSecond) throws IOException {
    String[] answer = load.ask(Machine.join("rate", session, millis, perSecond)).split(" ", -1);
    latencies =
        new Latencies(
            perSecond,
            Long.parseLong(answer[2]),
            Long.parseLong(answer[3]),
            Long.parseLong(answer[4]));
  }

  Result end() throws IOException {
    load.ask(Machine.join("close", session));
    boolean areAllDisturbed = windows.isEmpty();
    return new Result(
        work,
        contender,
        List.copyOf(areAllDisturbed ? disturbed : windows),
        areAllDisturbed ? 0 : disturbed.size(),
        areAllDisturbed,
        allocated,
        latencies);
  }
}
