// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.torsion.benchmarks.HttpPages;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every client gets right answers, and one that does not is found out. */
class HttpClientsTest {
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;
  private volatile byte[] answer = HttpPages.text();

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    server.setExecutor(threads);
    server.createContext(
        HttpPages.TEXT_PATH,
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  @ParameterizedTest
  @ValueSource(strings = {"callback", "suspend", "java", "jdk", "okhttp", "vertx"})
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void asks(String name) throws Exception {
    for (int inFlight : new int[] {1, 10}) {
      var client = new HttpClientMain(name, server.getAddress().getPort(), inFlight);
      for (int i = 0; i < 2; i++) {
        assertTrue(client.run(TimeUnit.MILLISECONDS.toNanos(50)) >= inFlight);
      }
    }
    answer = new byte[] {1};
    var deceived = new HttpClientMain(name, server.getAddress().getPort(), 1);
    assertThrows(IOException.class, () -> deceived.run(1));
  }
}
