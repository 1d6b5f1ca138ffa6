// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.AnswerTimeoutException;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.Content;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A handler that works on several messages of a connection at once. */
@SuppressWarnings("FutureReturnValueIgnored")
class SeveralAtOnceTest extends InMemory {
  private final Map<String, CompletableFuture<String>> work = new LinkedHashMap<>();
  private final Map<String, CompletableFuture<Void>> stages = new HashMap<>();
  private final List<Connection<String>> served = new ArrayList<>();

  private HalfPeer peer(int atOnce) {
    return peer(ConnectionOptions.DEFAULT, atOnce);
  }

  private HalfPeer peer(ConnectionOptions options, int atOnce) {
    var server =
        now(
            torsion.serve(
                "tcp:0",
                Codecs.line(),
                options,
                c -> {
                  served.add(c);
                  c.onMessage(atOnce, line -> answered(line, c));
                }));
    var peer = now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new HalfPeer()));
    now(server.stop());
    return peer;
  }

  private CompletableFuture<Void> answered(String line, Connection<String> to) {
    var answer = new CompletableFuture<String>();
    work.put(line, answer);
    var stage = answer.thenCompose(to::send);
    stages.put(line, stage);
    return stage;
  }

  private boolean isCancelled(String line) {
    return Objects.requireNonNull(stages.get(line)).isCancelled();
  }

  private CompletableFuture<String> at(String line) {
    return Objects.requireNonNull(work.get(line));
  }

  private void answer(String line) {
    at(line).complete(line + "!");
    reactor.flush();
  }

  private void send(HalfPeer peer, String lines) {
    peer.send(lines);
    reactor.flush();
  }

  @Test
  void soManyAreInWorkAndTheNextOnesWait() {
    var peer = peer(2);
    send(peer, "a\nb\nc\nd\n");
    assertEquals(List.of("a", "b"), List.copyOf(work.keySet()));
    answer("b");
    assertEquals(List.of("a", "b", "c"), List.copyOf(work.keySet()));
    answer("a");
    answer("c");
    answer("d");
    assertEquals("b!\r\na!\r\nc!\r\nd!\r\n", peer.heard());
    peer.transport().abortConnection();
  }

  @Test
  void aPeerThatEndsItsSideGetsTheAnswersOfAllThatAreInWork() {
    var peer = peer(3);
    send(peer, "a\nb\n");
    peer.end();
    advance(9_000);
    answer("b");
    advance(9_000);
    assertTrue(peer.isConnected());
    answer("a");
    assertEquals("b!\r\na!\r\n", peer.heard());
    assertFalse(peer.isConnected());
  }

  @Test
  void moreThanAreInWorkAtOnceAreAnsweredAfterTheEndToo() {
    var peer = peer(2);
    send(peer, "a\nb\nc\nd\ne\n");
    peer.end();
    reactor.flush();
    for (var line : List.of("b", "a", "d", "c", "e")) answer(line);
    assertEquals("b!\r\na!\r\nd!\r\nc!\r\ne!\r\n", peer.heard());
    assertFalse(peer.isConnected());
  }

  @Test
  void aHandlerThatComesAfterTheEndAnswersAllTheSame() {
    var server = now(torsion.serve("tcp:0", Codecs.line(), served::add));
    var peer = now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new HalfPeer()));
    now(server.stop());
    send(peer, "a\nb\n");
    peer.end();
    reactor.flush();
    var connection = served.get(0);
    connection.onMessage(3, line -> answered(line, connection));
    reactor.flush();
    assertTrue(peer.isConnected());
    answer("a");
    answer("b");
    assertEquals("a!\r\nb!\r\n", peer.heard());
    assertFalse(peer.isConnected());
  }

  @Test
  void allAreCancelledWhenNoAnswerIsSentInTime() {
    for (int atOnce : List.of(2, 3)) {
      var peer = peer(atOnce);
      send(peer, "a\nb\n");
      peer.end();
      advance(13_000);
      assertTrue(isCancelled("a"));
      assertTrue(isCancelled("b"));
      assertInstanceOf(AnswerTimeoutException.class, now(served.remove(0).closed()).getCause());
      assertFalse(peer.isConnected());
    }
  }

  @Test
  void allAreCancelledWhenTheConnectionBreaks() {
    for (int atOnce : List.of(2, 3)) {
      var peer = peer(atOnce);
      send(peer, "a\nb\n");
      peer.transport().abortConnection();
      reactor.flush();
      assertTrue(isCancelled("a"));
      assertTrue(isCancelled("b"));
    }
  }

  @Test
  void oneThatFailsEndsTheOthersAndTheConnection() {
    var peer = peer(3);
    send(peer, "a\nb\n");
    var error = new IllegalStateException("no such job");
    at("a").completeExceptionally(error);
    assertSame(error, now(served.get(0).closed()).getCause());
    assertSame(error, errors.remove(0));
    assertTrue(isCancelled("b"));
    assertFalse(peer.isConnected());
  }

  @Test
  void aPeerThatWaitsForAnswersIsNotSilent() {
    var peer = peer(ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30)), 3);
    send(peer, "a\n");
    advance(3_600_000);
    assertTrue(peer.isConnected());
    answer("a");
    advance(40_000);
    assertFalse(peer.isConnected());
    assertEquals("a!\r\n", peer.heard());
  }

  @Test
  void withHalfCloseTheyHaveAllTheTimeThereIs() {
    var peer = peer(ConnectionOptions.DEFAULT.withHalfClose(true), 3);
    send(peer, "a\nb\n");
    peer.end();
    advance(3_600_000);
    answer("a");
    advance(3_600_000);
    answer("b");
    assertEquals("a!\r\nb!\r\n", peer.heard());
    assertFalse(peer.isConnected());
  }

  @Test
  void messagesAreKeptForTheirWork() {
    List<ByteBuffer> seen = new ArrayList<>();
    var codec = Codecs.int8().with(Content.view());
    var ends = connected(codec);
    ends.server()
        .onMessage(
            2,
            view -> {
              seen.add(view);
              return new CompletableFuture<>();
            });
    for (byte b : new byte[] {1, 2}) {
      ends.client().send(ByteBuffer.wrap(new byte[] {b}));
      reactor.flush();
    }
    assertEquals(1, seen.get(0).get());
    assertEquals(2, seen.get(1).get());
    ends.client().abort();
    ends.server().abort();
    reactor.flush();
  }

  @Test
  void atLeastOne() {
    var ends = connected(Codecs.line());
    assertThrows(IllegalArgumentException.class, () -> ends.server().onMessage(0, line -> null));
    ends.server().onMessage(1, line -> null);
    assertThrows(IllegalStateException.class, () -> ends.server().onMessage(1, line -> null));
    ends.client().close();
    reactor.flush();
  }
}
