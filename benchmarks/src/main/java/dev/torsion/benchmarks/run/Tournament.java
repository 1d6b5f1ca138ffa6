// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Wire;
import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Measures works, one after the other. Each server runs in a process of its own, for all works of a
 * wire, and is idle while another one is asked.
 */
final class Tournament implements AutoCloseable {
  private static final long LATENCY_RATE = 20_000;

  private record Server(Child process, String port) {}

  private final Plan plan;
  private final Set<Contender> contenders;
  private final Child load;
  private final Map<Contender, Server> servers = new EnumMap<>(Contender.class);
  private final Map<Contender, String> missing = new LinkedHashMap<>();
  private Wire wire;

  Tournament(Plan plan, Set<Contender> contenders) throws IOException {
    this.plan = plan;
    this.contenders = EnumSet.copyOf(contenders);
    load = new Child(Machine.load(), Machine.LOAD_CORE);
  }

  /** Those that cannot run here, and why. */
  Map<Contender, String> missing() {
    return missing;
  }

  List<Result> play(Work work) throws IOException {
    boolean isNew = work.wire != wire;
    if (isNew) startServers(work.wire);
    var matches = new ArrayList<Match>();
    for (var entry : servers.entrySet()) {
      // Both variants of a peer echo raw bytes with the same code.
      if (work.wire == Wire.RAW && entry.getKey().isIdiomatic()) continue;
      var server = entry.getValue();
      matches.add(new Match(work, entry.getKey(), server.process, server.port, load));
    }
    int warm = isNew ? plan.firstWarmMillis() : plan.warmMillis();
    each(matches, match -> match.begin(warm));
    for (int i = 0; i < plan.rounds() + plan.spareRounds(); i++) {
      each(
          matches,
          match -> {
            if (match.windows() < plan.rounds()) match.measure(plan.windowMillis());
          });
    }
    each(matches, match -> match.measureAllocation(plan.windowMillis()));
    if (plan.latencies() && work == Work.PP50) {
      each(matches, match -> match.measureLatencies(5 * plan.windowMillis(), LATENCY_RATE));
    }
    var results = new ArrayList<Result>();
    each(matches, match -> results.add(match.end()));
    return results;
  }

  private interface Step {
    void take(Match match) throws IOException;
  }

  /** One whose server fails is left out from then on; the others go on. */
  private void each(List<Match> matches, Step step) {
    for (Match match : List.copyOf(matches)) {
      try {
        step.take(match);
      } catch (IOException e) {
        matches.remove(match);
        missing.put(match.contender(), "failed: " + e.getMessage());
        servers.remove(match.contender()).process.close();
      }
    }
  }

  private void startServers(Wire newWire) throws IOException {
    stopServers();
    wire = newWire;
    for (Contender contender : contenders) {
      if (missing.containsKey(contender) || !contender.speaks(newWire)) continue;
      var command = contender.command(newWire);
      Child process = command == null ? null : new Child(command, Machine.SERVER_CORE);
      try {
        if (process == null) throw new IOException("it is not installed");
        servers.put(contender, new Server(process, process.read()));
      } catch (IOException e) {
        missing.put(contender, "needs " + contender.need() + ": " + e.getMessage());
        if (process != null) process.close();
      }
    }
  }

  private void stopServers() {
    servers.values().forEach(server -> server.process.close());
    servers.clear();
  }

  @Override
  public void close() {
    stopServers();
    load.close();
  }
}
