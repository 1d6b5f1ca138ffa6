// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import dev.torsion.testkit.MemoryReactor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** The work in flight of docs/guide/running.md. */
class WorkInFlightTest {
  private final CompletableFuture<String> result = new CompletableFuture<>();

  private CompletableFuture<String> run(String job) {
    return result.thenApply(value -> job + " " + value);
  }

  private CompletableFuture<Void> inWork = CompletableFuture.completedFuture(null);
  private boolean isStopping;

  CompletionStage<?> start(Torsion torsion) {
    return torsion
        .serve("tcp:8007", Codecs.line(), c -> c.onMessage(8, job -> answer(c, job)))
        .thenAccept(server -> torsion.beforeStop(() -> finish(server)));
  }

  private CompletionStage<?> answer(Connection<String> client, String job) {
    if (isStopping) return client.send("busy");
    var work = run(job).thenCompose(client::send);
    inWork = CompletableFuture.allOf(inWork, work.exceptionally(error -> null));
    return work;
  }

  private CompletionStage<?> finish(Server server) {
    isStopping = true;
    return server.stop().thenCompose(closed -> inWork);
  }

  @Test
  void aStopWaitsForTheAnswers() {
    var reactor = new MemoryReactor();
    var torsion = Torsion.on(reactor);
    start(torsion);
    var client = reactor.await(torsion.connect("tcp:127.0.0.1:8007", Codecs.line()));
    var answer = client.request("sum");
    reactor.flush();
    torsion.stop();
    reactor.flush();
    assertFalse(answer.isDone());
    var late = client.request("late");
    reactor.flush();
    result.complete("42");
    reactor.flush();
    assertEquals("busy", answer.join());
    assertEquals("sum 42", late.join());
    assertTrue(inWork.isDone());
    reactor.close();
  }
}
