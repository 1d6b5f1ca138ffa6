// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.Content;
import dev.torsion.framing.HeaderAndBody;
import dev.torsion.framing.HeaderCheck;
import dev.torsion.framing.HeaderFraming;
import dev.torsion.framing.MalformedFrameException;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructValues;
import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.MessageConsumer;
import dev.torsion.java.Outbox;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import dev.torsion.log.Logger;
import dev.torsion.net.DrainReport;
import dev.torsion.reactor.ReactorOptions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The Java code of docs/guide/codecs.md and running.md on how connections live and end. */
class ConnectionsGuideTest {
  private static final Logger log = new Logger(ConnectionsGuideTest.class);
  private static final int MAGIC = 0x544f5253;

  private static void close(Server server) {
    DrainReport report = server.drain(Duration.ofSeconds(5)).join();
    if (report.getCutConnections() > 0) log.warn("lost {bytes}", "bytes", report.getUnsentBytes());
  }

  static CompletableFuture<Server> serving(Torsion torsion, MessageConsumer<String> handler) {
    var options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30));
    var server = torsion.serve("tcp:0", Codecs.line(), options, c -> c.onEach(handler));
    return server;
  }

  private static void beat(Connection<String> connection) {
    connection.every(Duration.ofSeconds(10), "ping"); // until it is closed, or the connection ends
    connection.answerHeartbeats(
        line -> line.equals("ping") || line.equals("pong"),
        line -> line.equals("ping") ? "pong" : null);
  }

  private static CompletableFuture<String> run(String job) {
    return CompletableFuture.completedFuture(job + " is done");
  }

  static void severalAtOnce(Connection<String> connection) {
    connection.onMessage(8, job -> run(job).thenCompose(connection::send));
  }

  private static void publish(Connection<String> connection, Consumer<Consumer<String>> feed) {
    Outbox<String> prices = Outbox.latest(connection, line -> line.split("=", 2)[0]);
    feed.accept(prices::offer);
  }

  private static ReactorOptions patient() {
    var options = ReactorOptions.builder().drainTimeout(Duration.ofSeconds(3)).build();
    return options;
  }

  @Test
  void aServerLooksForHeartbeatsAndIsDrained() throws Exception {
    try (var torsion = Torsion.start(patient())) {
      var got = new CompletableFuture<String>();
      MessageConsumer<String> handler = got::complete;
      var options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30));
      var server = torsion.serve("tcp:0", Codecs.line(), options, c -> c.onEach(handler));
      int port = server.join().port();
      var client = torsion.connect("tcp:127.0.0.1:" + port, Codecs.line()).join();
      beat(client);
      publish(client, prices -> prices.accept("hello"));
      assertEquals("hello", got.get(20, TimeUnit.SECONDS));
      close(server.join());
      client.closed().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void aHeaderIsLookedAt() throws Exception {
    HeaderCheck check =
        header -> {
          if (header.getInt(0) != MAGIC) throw new MalformedFrameException("None of our messages.");
        };
    var codec =
        Codecs.header(new HeaderFraming(new Struct(">III"), 1, 100_000, check), Content.text());
    assertEquals(
        17, codec.encode(new HeaderAndBody<>(StructValues.of(MAGIC, 0, 1), "hello")).length);
    try (var torsion = Torsion.start()) {
      var server = torsion.serve("tcp:0:interface=127.0.0.1", codec, c -> c.onMessage(c::send));
      greet(torsion.connect("tcp:127.0.0.1:" + server.join().port(), codec).join());
      assertEquals("1 hello", shown.get(20, TimeUnit.SECONDS));
    }
  }

  private final CompletableFuture<String> shown = new CompletableFuture<>();

  private void show(int number, String text) {
    shown.complete(number + " " + text);
  }

  private void greet(Connection<HeaderAndBody<String>> connection) {
    connection.send(new HeaderAndBody<>(StructValues.of(MAGIC, 0, 1), "hello"));
    connection.onEach(message -> show(message.getHeader().getInt(2), message.getBody()));
  }

  @Test
  void optionsAreSetByTheirNames() {
    var options = ConnectionOptions.DEFAULT.withHalfClose(true);
    assertTrue(options.getHalfClose());
    assertFalse(ConnectionOptions.DEFAULT.getHalfClose());
  }
}
