// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Wire;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The cost of a connection that does nothing. */
final class Idle {
  static final String ID = "idle";
  private static final int CONNECTIONS = 10_000;
  private static final int WARM = 500;

  /**
   * The cost for one server.
   *
   * @param heapBytes of each connection; -1 when the server does not tell
   * @param residentBytes of each connection
   */
  record Cost(Contender contender, long heapBytes, long residentBytes) {}

  private final Set<Contender> contenders;
  private final PrintStream out;

  Idle(Set<Contender> contenders, PrintStream out) {
    this.contenders = contenders;
    this.out = out;
  }

  List<Cost> run() throws IOException {
    var costs = new ArrayList<Cost>();
    out.printf(Locale.ROOT, "%nidle: %,d connections that do nothing%n", CONNECTIONS);
    out.printf("  %-22s %12s %12s%n", "", "heap, bytes", "RSS, bytes");
    for (Contender contender : contenders) {
      if (contender.isIdiomatic() || !contender.speaks(Wire.RAW)) continue;
      var command = contender.command(Wire.RAW);
      if (command == null) continue;
      try (var server = new Child(command, Machine.SERVER_CORE);
          var load = new Child(Machine.load(), Machine.LOAD_CORE)) {
        var cost = measure(contender, server, load);
        costs.add(cost);
        print(cost);
      } catch (IOException e) {
        out.println("  " + contender.server + ": " + e.getMessage());
      }
    }
    return costs;
  }

  private void print(Cost cost) {
    out.printf(
        Locale.ROOT,
        "  %-22s %12s %,12d%n",
        cost.contender.server,
        cost.heapBytes < 0 ? "" : String.format(Locale.ROOT, "%,d", cost.heapBytes),
        cost.residentBytes);
  }

  private static Cost measure(Contender contender, Child server, Child load) throws IOException {
    String port = server.read();
    // Objects that are made once exist before the measurement begins.
    load.ask(Machine.join("hold", port, WARM));
    load.ask("release");
    long heapBefore = heap(contender, server);
    long residentBefore = Machine.residentBytes(server.pid());
    load.ask(Machine.join("hold", port, CONNECTIONS));
    long heap = heap(contender, server) - heapBefore;
    long resident = Machine.residentBytes(server.pid()) - residentBefore;
    return new Cost(
        contender, contender.isPython() ? -1 : heap / CONNECTIONS, resident / CONNECTIONS);
  }

  /** The memory in use, once it no longer falls: the ends of connections take a while. */
  private static long heap(Contender contender, Child server) throws IOException {
    if (contender.isPython()) return 0;
    long least = Long.parseLong(server.ask("heap"));
    while (true) {
      long now = Long.parseLong(server.ask("heap"));
      if (now > least * 0.99) return now;
      least = now;
    }
  }
}
