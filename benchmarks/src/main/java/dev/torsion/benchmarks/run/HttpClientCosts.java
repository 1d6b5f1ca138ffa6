// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Wire;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The cost of a request for the client of HTTP. The server is Netty's, on the core of the load. The
 * clients are measured in turn, window by window, on the core of the server.
 */
final class HttpClientCosts {
  static final String ID = "httpclient";
  private static final List<Integer> IN_FLIGHT = List.of(1, 64);
  private static final List<String> CLIENTS =
      List.of("callback", "suspend", "java", "jdk", "okhttp", "vertx");

  /**
   * The cost.
   *
   * @param cpuNanos what the client's process computed for each request
   * @param disturbed how many of its windows other load has disturbed
   */
  record Cost(String client, int inFlight, double perSecond, double cpuNanos, long disturbed) {}

  private final Plan plan;
  private final PrintStream out;

  HttpClientCosts(Plan plan, PrintStream out) {
    this.plan = plan;
    this.out = out;
  }

  List<Cost> run() throws IOException {
    var costs = new ArrayList<Cost>();
    for (int inFlight : IN_FLIGHT) {
      var clients = new LinkedHashMap<String, Child>();
      try (var server = new Child(Contender.NETTY_NIO.command(Wire.HTTP), Machine.LOAD_CORE)) {
        String port = server.read();
        for (String client : CLIENTS) {
          clients.put(client, new Child(command(client, port, inFlight), Machine.SERVER_CORE));
        }
        for (Child client : clients.values()) client.read();
        costs.addAll(measure(server, clients, inFlight));
      } finally {
        clients.values().forEach(Child::close);
      }
    }
    return costs;
  }

  private List<Cost> measure(Child server, Map<String, Child> clients, int inFlight)
      throws IOException {
    var windows = new LinkedHashMap<String, List<Window>>();
    for (var client : clients.entrySet()) {
      client.getValue().ask(Machine.join("run", 0, plan.firstWarmMillis()));
      Machine.awaitIdle(client.getValue().pid());
      windows.put(client.getKey(), new ArrayList<>());
    }
    for (int round = 0; round < plan.rounds() + plan.spareRounds(); round++) {
      for (var client : clients.entrySet()) {
        var window = Window.measure(server, client.getValue(), "0", plan.windowMillis());
        windows.get(client.getKey()).add(window);
      }
    }
    out.printf("%nhttpclient: requests of a client, %d in flight%n", inFlight);
    out.printf("  %-12s %12s %14s %10s%n", "", "requests/s", "CPU ns/request", "disturbed");
    var costs = new ArrayList<Cost>();
    windows.forEach((client, all) -> costs.add(cost(client, inFlight, all)));
    costs.forEach(this::print);
    return costs;
  }

  private static Cost cost(String client, int inFlight, List<Window> all) {
    var counted = Window.counting(all);
    return new Cost(
        client,
        inFlight,
        Window.median(counted, Window::perSecond),
        Window.median(counted, Window::loadNanos), // the client asks, so it is the load
        all.stream().filter(Window::isDisturbed).count());
  }

  private void print(Cost cost) {
    out.printf(
        Locale.ROOT,
        "  %-12s %,12.0f %,14.0f %10d%n",
        cost.client,
        cost.perSecond,
        cost.cpuNanos,
        cost.disturbed);
  }

  private static List<String> command(String client, String port, int inFlight) {
    var command = new ArrayList<>(Machine.jvm(Machine.java(System.getProperty("java.home"))));
    command.add("dev.torsion.benchmarks.clients.HttpClientMain");
    command.addAll(List.of(client, port, String.valueOf(inFlight)));
    return command;
  }
}
