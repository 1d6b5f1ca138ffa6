// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

/** The clients of HTTP by their names. */
final class HttpClients {
  private HttpClients() {}

  /** One that asks for {@code url}, and may have {@code inFlight} connections. */
  static BenchHttpClient byName(String name, String url, int inFlight) {
    return switch (name) {
      case "callback" -> new TorsionAgentClient(url, inFlight);
      case "suspend" -> new TorsionFetchClient(url, inFlight);
      case "java" -> new TorsionFutureClient(url, inFlight);
      case "jdk" -> new JdkClient(url);
      case "okhttp" -> new OkClient(url, inFlight);
      case "vertx" -> new VertxClient(url, inFlight);
      default -> throw new IllegalArgumentException("there is no client called " + name);
    };
  }
}
