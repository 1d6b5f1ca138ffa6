// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.testkit.MemoryReactor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;

/** A reactor in memory, which this thread drives, and a client and a server on it. */
abstract class InMemory {
  /** The exceptions of callbacks; a test that means it to happen takes it out. */
  final List<Throwable> errors = new ArrayList<>();

  final MemoryReactor reactor = new MemoryReactor((context, error) -> errors.add(error));
  final Torsion torsion = Torsion.on(reactor);

  @AfterEach
  void nothingIsLeft() {
    reactor.close();
    assertEquals(List.of(), errors);
    assertEquals(0, reactor.network().getConnections());
  }

  /** The result of {@code future}, which no time needs to pass for. */
  <T> T now(CompletableFuture<T> future) {
    reactor.flush();
    assertTrue(future.isDone(), "the future is not complete: " + future);
    return Results.of(future);
  }

  <E extends Throwable> E failsNow(Class<E> type, CompletableFuture<?> future) {
    reactor.flush();
    assertTrue(future.isDone(), "the future is not complete: " + future);
    return Results.failure(type, future);
  }

  /** Lets time pass, from timer to timer. */
  void advance(long millis) {
    reactor.runFor(Duration.ofMillis(millis));
  }

  /** Both ends of a new connection. */
  <T> Pair<T> connected(Codec<T> codec) {
    return connected(codec, ConnectionOptions.DEFAULT);
  }

  <T> Pair<T> connected(Codec<T> codec, ConnectionOptions options) {
    List<Connection<T>> ends = new ArrayList<>();
    Server server = now(torsion.serve("tcp:0", codec, options, ends::add));
    ends.add(now(torsion.connect("tcp:127.0.0.1:" + server.port(), codec, options)));
    reactor.flush();
    now(server.stop());
    assertEquals(2, ends.size());
    Connection<T> last = ends.get(1);
    boolean clientIsLast = last.peer().toString().endsWith(":" + server.port());
    return clientIsLast ? new Pair<>(last, ends.get(0)) : new Pair<>(ends.get(0), last);
  }

  record Pair<T>(Connection<T> client, Connection<T> server) {}
}
