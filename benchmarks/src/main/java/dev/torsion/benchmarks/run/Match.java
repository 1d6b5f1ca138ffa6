// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One server in one work, and the clients that ask it. */
final class Match {
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
   * compiled. The compiler may still have work, which would run beside the next server: it may
   * finish first.
   */
  void begin(int millis) throws IOException {
    session = load.ask(Machine.join("open", work, port));
    load.ask(Machine.join("run", session, millis));
    Machine.awaitIdle(server.pid());
  }

  int windows() {
    return windows.size();
  }

  void measure(int millis) throws IOException {
    var window = Window.measure(server, load, session, millis);
    (window.isDisturbed() ? disturbed : windows).add(window);
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
