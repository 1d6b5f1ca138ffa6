// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.torsion.framing.Codec;
import dev.torsion.framing.Datagram;
import dev.torsion.testsupport.PublisherRules;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every test that Reactive Streams has for publishers (its TCK), run on the messages of connections
 * and on datagrams, over real sockets.
 */
class PublisherRulesTest {
  /** Long, so that a server that sends without end has soon sent its share of a turn. */
  private static final String LINE = "x".repeat(1000);

  /** As many as a port may keep that nobody has taken: more would be dropped. */
  private static final int MOST_DATAGRAMS = 100;

  /** The tests that wait for an end, and those of a failure. */
  private static final Pattern ENDS =
      Pattern.compile(
          "^(optional_spec10[45]|required_createPublisher|required_spec102_maySignal"
              + "|required_spec105|required_spec107|required_spec109_mayReject"
              + "|required_spec317_mustSupport|stochastic_spec103)");

  private static final Codec<String> TEXT = Codecs.raw().text();

  private static Torsion torsion;
  private static Server server;

  @BeforeAll
  static void start() {
    torsion = Torsion.start();
    server =
        Results.of(
            torsion.serve(
                "tcp:0:interface=127.0.0.1",
                Codecs.line(),
                c -> c.onMessage(count -> sendLines(c, Integer.parseInt(count)))));
  }

  @AfterAll
  static void close() {
    torsion.close();
  }

  private static CompletableFuture<?> sendLines(Connection<String> c, int count) {
    for (int left = count; left > 0; left--) {
      var sent = c.send(LINE);
      int next = left - 1;
      if (!sent.isDone()) return sent.thenCompose(accepted -> sendLines(c, next));
    }
    c.close();
    return CompletableFuture.completedFuture(null);
  }

  @TestFactory
  Stream<DynamicTest> messagesOfConnections() {
    return tests(
        new PublisherRules<>(
            Integer.MAX_VALUE, PublisherRulesTest::messages, PublisherRulesTest::noMessages));
  }

  private static Flow.Publisher<String> messages(long count) {
    var connection = connect();
    Results.of(connection.send(Long.toString(count)));
    return connection.messages();
  }

  private static Flow.Publisher<String> noMessages() {
    var connection = connect();
    connection.abort();
    Results.of(connection.closed());
    return connection.messages();
  }

  private static Connection<String> connect() {
    return Results.of(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
  }

  /** A port goes on until it is closed, and drops what nobody takes. So it fails no subscriber. */
  @TestFactory
  Stream<DynamicTest> datagrams() {
    return tests(
        new PublisherRules<>(
            Long.MAX_VALUE,
            PublisherRulesTest::datagrams,
            () -> null,
            name -> ENDS.matcher(name).find()));
  }

  private static Flow.Publisher<Datagram<String>> datagrams(long count) {
    var port = Results.of(torsion.openDatagrams("udp:0:interface=127.0.0.1", TEXT));
    var sender = Results.of(torsion.openDatagrams("udp:0:interface=127.0.0.1", TEXT));
    for (int left = (int) Math.min(count, MOST_DATAGRAMS); left > 0; left--) {
      Results.of(sender.send("datagram", port.host()));
    }
    sender.close();
    return port.messages();
  }

  private static Stream<DynamicTest> tests(PublisherRules<?> rules) {
    return rules.getRules().entrySet().stream()
        .map(rule -> dynamicTest(rule.getKey(), () -> rule.getValue().check()));
  }
}
