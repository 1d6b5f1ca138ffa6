// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.java.Codecs;
import dev.torsion.java.StageService;
import dev.torsion.java.Torsion;
import dev.torsion.log.Logger;
import dev.torsion.service.RetryPolicy;
import dev.torsion.service.TimerService;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The last section of docs/guide/services.md. */
class ServicesOfFutures {
  private static final Logger log = new Logger(ServicesOfFutures.class);

  static class Cache implements StageService {
    @Override
    public void start() {}

    @Override
    public CompletionStage<?> stop() {
      return CompletableFuture.completedFuture(null);
    }
  }

  static void asks(Torsion torsion) {
    var server = torsion.keepConnected("tcp:example.com:8007", Codecs.line());
    server.connection().thenCompose(c -> c.request("hello")).thenAccept(System.out::println);
    server.connection(3).exceptionally(e -> null); // gives up after three failures in a row
    server.stop().join();
  }

  static void staysConnected(Torsion torsion) {
    var services = torsion.services();
    var server =
        services.keepConnected(
            "tcp:example.com:8007",
            Codecs.line(),
            setUp ->
                setUp
                    .options(ConnectionOptions.builder().idleTimeout(Duration.ofMinutes(1)).build())
                    .retryPolicy(RetryPolicy.backoff(Duration.ofMillis(100), Duration.ofSeconds(5)))
                    .preparation(connection -> connection.request("login")));
    server.stop().join();
  }

  static void serves(Torsion torsion) {
    var services = torsion.services();
    services.add(
        new TimerService(torsion.reactor(), Duration.ofMinutes(1), () -> log.info("alive")));
    var cache = services.add(new Cache()).join(); // a StageService of your own
    cache.stop().join();
  }
}
