// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.Torsion;
import dev.torsion.net.StreamOptions;
import dev.torsion.net.TcpOptions;
import dev.torsion.testkit.MemoryReactor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The limits and the requests of docs/guide/codecs.md, and the time limit of
 * threads-and-futures.md.
 */
class QuotesTest {
  private static final Codec<Quote> QUOTES = Codecs.line().map(Quote::toString, Quote::parse);

  private final List<String> shown = new ArrayList<>();

  private @Nullable CompletionStage<?> show(Quote quote) {
    shown.add(quote.text());
    return null;
  }

  private void asks(Connection<Quote> connection) {
    var requests = connection.requestsBy(Quote::answeredId); // null: it answers nothing
    requests.onPush(quote -> show(quote));
    requests
        .request(7, Quote.question(7, "EUR"))
        .thenAccept(answer -> System.out.println(answer.text()));
    requests.request(8, Quote.question(8, "GBP")).thenAccept(answer -> shown.add(answer.text()));
  }

  @Test
  void answersComeByTheirId() {
    var reactor = new MemoryReactor();
    var torsion = Torsion.on(reactor);
    torsion.serve(
        "tcp:8007",
        QUOTES,
        c ->
            c.onMessage(
                question -> {
                  if (question.id() == 7) return c.send(new Quote('*', 0, "market open"));
                  return c.send(new Quote('=', 8, "1.2"))
                      .thenCompose(sent -> c.send(new Quote('=', 7, "1.1")));
                }));
    torsion.connect("tcp:127.0.0.1:8007", QUOTES).thenAccept(this::asks);
    reactor.flush();
    assertEquals(List.of("market open", "1.2"), shown);
    reactor.close();
  }

  @Test
  void limitsAreBuiltByName() {
    var reactor = new MemoryReactor();
    var torsion = Torsion.on(reactor);
    var options =
        ConnectionOptions.builder()
            .maxConnections(1_000)
            .idleTimeout(Duration.ofMinutes(5))
            .transport(
                TcpOptions.builder().stream(StreamOptions.builder().writeLimit(1 << 20).build())
                    .tcpKeepAlive(true)
                    .build())
            .build();
    var server = torsion.serve("tcp:0", Codecs.line(), options, c -> c.onMessage(c::send));
    reactor.flush();
    assertTrue(server.isDone());
    reactor.close();
  }

  static void asksInTime(Torsion torsion, Connection<String> connection) {
    torsion
        .timeout(connection.request("hello"), Duration.ofSeconds(5))
        .thenAccept(System.out::println);
  }
}
