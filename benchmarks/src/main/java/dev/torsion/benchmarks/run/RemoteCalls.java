// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The cost of a call of the other side: AMP and Perspective Broker on Torsion and on Twisted, and
 * gRPC beside them. The servers are measured in turn, window by window.
 */
final class RemoteCalls {
  static final String ID = "remote";
  private static final List<Integer> IN_FLIGHT = List.of(1, 100);
  private static final String SCRIPT = "/dev/torsion/benchmarks/calls/twisted_calls.py";

  /** A server, and the load that it understands. */
  private enum Party {
    TORSION_AMP("torsion amp", "amp"),
    TWISTED_AMP("twisted amp", "amp"),
    TORSION_PB("torsion pb", "pb"),
    TWISTED_PB("twisted pb", "pb"),
    GRPC("grpc-java", "grpc");

    final String title;
    final String kind;

    Party(String title, String kind) {
      this.title = title;
      this.kind = kind;
    }

    boolean isTwisted() {
      return this == TWISTED_AMP || this == TWISTED_PB;
    }
  }

  /**
   * The cost.
   *
   * @param cpuNanos what the server's process computed for each call
   * @param disturbed how many of its windows other load has disturbed
   */
  record Cost(String server, int inFlight, double perSecond, double cpuNanos, long disturbed) {
    /** How many calls the server answers in a second of its CPU. */
    double perCpuSecond() {
      return 1e9 / cpuNanos;
    }
  }

  private final Plan plan;
  private final PrintStream out;

  RemoteCalls(Plan plan, PrintStream out) {
    this.plan = plan;
    this.out = out;
  }

  List<Cost> run() throws IOException {
    var costs = new ArrayList<Cost>();
    var children = new LinkedHashMap<Party, Child>();
    try (var load = new Child(loadCommand(), Machine.LOAD_CORE)) {
      for (Party party : Party.values()) {
        List<String> command = command(party);
        if (command == null) {
          out.println("left out: " + party.title + " needs python3-twisted");
        } else {
          children.put(party, new Child(command, Machine.SERVER_CORE));
        }
      }
      var ports = new LinkedHashMap<Party, String>();
      for (var child : children.entrySet()) ports.put(child.getKey(), child.getValue().read());
      for (int inFlight : IN_FLIGHT) costs.addAll(measure(children, ports, load, inFlight));
    } finally {
      children.values().forEach(Child::close);
    }
    return costs;
  }

  private List<Cost> measure(
      Map<Party, Child> servers, Map<Party, String> ports, Child load, int inFlight)
      throws IOException {
    var sessions = new LinkedHashMap<Party, String>();
    var windows = new LinkedHashMap<Party, List<Window>>();
    for (Party party : servers.keySet()) {
      String session = load.ask(Machine.join("open", party.kind, ports.get(party), inFlight));
      sessions.put(party, session);
      windows.put(party, new ArrayList<>());
      load.ask(Machine.join("run", session, plan.firstWarmMillis()));
      Machine.awaitIdle(servers.get(party).pid());
    }
    for (int round = 0; round < plan.rounds() + plan.spareRounds(); round++) {
      for (Party party : servers.keySet()) {
        windows
            .get(party)
            .add(
                Window.measure(servers.get(party), load, sessions.get(party), plan.windowMillis()));
      }
    }
    out.printf("%nremote: calls, %d in flight on one connection%n", inFlight);
    out.printf(
        "  %-12s %12s %12s %14s %10s%n", "", "calls/s", "CPU ns/call", "calls/CPU s", "disturbed");
    var costs = new ArrayList<Cost>();
    windows.forEach((party, all) -> costs.add(cost(party, inFlight, all)));
    costs.forEach(this::print);
    return costs;
  }

  private static Cost cost(Party party, int inFlight, List<Window> all) {
    var counted = Window.counting(all);
    return new Cost(
        party.title,
        inFlight,
        Window.median(counted, Window::perSecond),
        Window.median(counted, Window::cpuNanos),
        all.stream().filter(Window::isDisturbed).count());
  }

  private void print(Cost cost) {
    out.printf(
        Locale.ROOT,
        "  %-12s %,12.0f %,12.0f %,14.0f %10d%n",
        cost.server,
        cost.perSecond,
        cost.cpuNanos,
        cost.perCpuSecond(),
        cost.disturbed);
  }

  private static List<String> command(Party party) throws IOException {
    if (party.isTwisted()) {
      String python = Machine.pythonWith("twisted");
      return python == null ? null : List.of(python, script().toString(), party.kind);
    }
    return java("CallServerMain", party.kind);
  }

  private static List<String> loadCommand() {
    return java("CallLoadMain");
  }

  private static List<String> java(String main, String... arguments) {
    var command = new ArrayList<>(Machine.jvm(Machine.java(System.getProperty("java.home"))));
    command.add("dev.torsion.benchmarks.calls." + main);
    command.addAll(List.of(arguments));
    return command;
  }

  private static Path script() throws IOException {
    Path file = Files.createTempFile("twisted_calls", ".py");
    file.toFile().deleteOnExit();
    try (InputStream script = RemoteCalls.class.getResourceAsStream(SCRIPT)) {
      Files.copy(script, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }
}
