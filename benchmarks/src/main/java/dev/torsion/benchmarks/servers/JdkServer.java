// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.torsion.benchmarks.HttpPages;
import dev.torsion.benchmarks.Order;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/** The server of the JDK: on virtual threads where there are any, on a pool otherwise. */
final class JdkServer implements BenchServer {
  private static final int THREADS = 16;

  private final byte[] text = HttpPages.text();
  private final Order order = Order.sample();

  @Override
  public int start(Wire wire) throws Exception {
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.idleInterval", String.valueOf(HttpPages.IDLE_SECONDS));
    System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
    var server = HttpServer.create(new InetSocketAddress(0), 1024);
    server.setExecutor(threads());
    Path file = Path.of(HttpPages.folder() + HttpPages.FILE_PATH);
    server.createContext(HttpPages.TEXT_PATH, e -> write(e, HttpPages.TEXT_TYPE, text));
    server.createContext(
        HttpPages.JSON_PATH, e -> write(e, HttpPages.JSON_TYPE, OrderJson.encode(order)));
    server.createContext(
        HttpPages.ECHO_PATH, e -> write(e, HttpPages.ECHO_TYPE, e.getRequestBody().readAllBytes()));
    server.createContext(HttpPages.FILE_PATH, e -> writeFile(e, file));
    server.start();
    return server.getAddress().getPort();
  }

  /** This module is compiled for 17. */
  private static Executor threads() throws ReflectiveOperationException {
    if (Runtime.version().feature() < 21) return Executors.newFixedThreadPool(THREADS);
    return (Executor) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  private static void write(HttpExchange exchange, String type, byte[] body) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static void writeFile(HttpExchange exchange, Path file) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", HttpPages.TEXT_TYPE);
      exchange.sendResponseHeaders(200, Files.size(file));
      Files.copy(file, exchange.getResponseBody());
    }
  }
}
