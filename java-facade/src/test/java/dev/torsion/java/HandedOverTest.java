// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferreds;
import dev.torsion.net.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * What is opened in the moment in which nobody wants it any more is closed; results that are stages
 * or Deferreds.
 */
@SuppressWarnings("FutureReturnValueIgnored")
class HandedOverTest extends InMemory {
  private int port() {
    return now(torsion.serve("tcp:0", Codecs.line(), c -> {})).port();
  }

  /** Cancels a stage of {@code opening} after it has its value, before its function is called. */
  private <T> void cancelledInTheMoment(CompletableFuture<T> opening) {
    var used = new ArrayList<T>();
    var stage = opening.thenApply(used::add);
    opening.thenRun(() -> stage.cancel(true)); // runs before, as the JDK keeps stages on a stack
    reactor.flush();
    assertTrue(stage.isCancelled());
    assertEquals(List.of(), used);
    assertTrue(opening.isCancelled());
    reactor.flush();
  }

  @Test
  void aConnectionThatNoStageHasGotIsClosed() {
    int port = port();
    cancelledInTheMoment(torsion.connect("tcp:127.0.0.1:" + port, Codecs.line()));
    assertEquals(0, reactor.network().getConnections());
  }

  @Test
  void aProtocolThatNoStageHasGotIsDisconnected() {
    int port = port();
    cancelledInTheMoment(torsion.connectProtocol("tcp:127.0.0.1:" + port, new Protocol() {}));
    assertEquals(0, reactor.network().getConnections());
  }

  @Test
  void aPortThatNoStageHasGotIsClosed() {
    cancelledInTheMoment(torsion.serve("tcp:8007", Codecs.line(), c -> {}));
    now(torsion.serve("tcp:8007", Codecs.line(), c -> {})); // it is free
  }

  @Test
  void aConnectionThatSomebodyHasGotStaysOpen() {
    String here = "tcp:127.0.0.1:" + port();
    List<Function<CompletableFuture<Connection<String>>, Connection<String>>> ways =
        List.of(
            CompletableFuture::join,
            opening -> opening.getNow(null),
            opening -> opening.thenApply(c -> c).join(),
            opening -> opening.copy().thenApply(c -> c).join(),
            opening -> opening.toCompletableFuture().join());
    for (var way : ways) {
      var opening = torsion.connect(here, Codecs.line());
      var late = opening.thenCombine(new CompletableFuture<Void>(), (c, nothing) -> c);
      now(opening.thenRun(() -> {}));
      Connection<String> connection = way.apply(opening);
      late.cancel(true);
      reactor.flush();
      assertFalse(connection.closed().isDone());
      connection.close();
    }
  }

  @Test
  void aHandlerMayReturnAnyStage() {
    var echo =
        now(
            torsion.serve(
                "tcp:0",
                Codecs.line(),
                c -> c.onMessage(line -> c.send(line).minimalCompletionStage())));
    var held = new CompletableFuture<Void>();
    var slow =
        now(
            torsion.serve(
                "tcp:0",
                Codecs.line(),
                c ->
                    c.onMessage(
                        line -> {
                          c.send(line);
                          return held.minimalCompletionStage();
                        })));
    var client = now(torsion.connect("tcp:127.0.0.1:" + echo.port(), Codecs.line()));
    assertEquals("a", now(client.request("a")));
    assertEquals("b", now(client.request("b")));
    var waiting = now(torsion.connect("tcp:127.0.0.1:" + slow.port(), Codecs.line()));
    assertEquals("a", now(waiting.request("a")));
    var second = waiting.request("b");
    reactor.flush();
    assertFalse(second.isDone());
    held.complete(null);
    assertEquals("b", now(second));
    client.close();
    waiting.close();
  }

  @Test
  void workThatGivesADeferredIsRefused() throws Exception {
    try (var real = Torsion.start()) {
      CompletableFuture<Object> future = real.deferToThread(() -> Deferreds.succeed(5));
      var error = Results.failure(IllegalArgumentException.class, future);
      assertTrue(error.toString().contains("a Deferred cannot be the value of a Deferred"));
      CompletableFuture<Object> called = real.call(() -> Deferreds.succeed(5));
      Results.failure(IllegalArgumentException.class, called);
    }
  }

  @Test
  void whatWasTakenBackIsCancelledForWhoeverAsksLater() {
    var opening = torsion.connect("tcp:127.0.0.1:" + port(), Codecs.line());
    cancelledInTheMoment(opening);
    var later = opening.thenAccept(c -> {}).handle((nothing, e) -> e).join();
    assertInstanceOf(CompletionException.class, later);
  }
}
