// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.DeferredLock;
import dev.torsion.defer.DeferredQueue;
import dev.torsion.defer.Deferreds;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.Protocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * An object that is opened in the moment in which nobody wants it any more is closed; results that
 * are stages or Deferreds.
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
  void aPermitThatNoStageHasGotIsReleased() {
    var lock = new DeferredLock();
    cancelledInTheMoment(torsion.future(lock::acquire));
    assertFalse(lock.isLocked());
    now(torsion.future(lock::acquire)); // somebody has got it
    assertTrue(lock.isLocked());
  }

  @Test
  void anObjectOfAQueueThatNoStageHasGotIsInTheQueueAgain() {
    var queue = new DeferredQueue<String>(9, 9);
    queue.put("a");
    queue.put("b");
    cancelledInTheMoment(torsion.future(queue::get));
    assertEquals("a", now(torsion.future(queue::get)));
    assertEquals("b", now(torsion.future(queue::get)));
    var waiting = torsion.future(queue::get);
    reactor.flush();
    reactor.callLater(1, TimeUnit.SECONDS, () -> queue.put("c"));
    var stage = waiting.thenApply(String::length);
    waiting.thenRun(() -> stage.cancel(true));
    advance(2000);
    assertEquals("c", now(torsion.future(queue::get)));
  }

  @Test
  void aMessageThatNoStageHasGotIsReceivedByTheNext() {
    var ends = connected(Codecs.line());
    for (var line : List.of("1", "2", "3")) ends.client().send(line);
    reactor.flush();
    var never = ends.server().receive();
    var stage = never.thenApplyAsync(line -> line, work -> {});
    reactor.flush();
    assertTrue(never.isDone());
    assertEquals("2", now(ends.server().receive()));
    stage.cancel(true);
    assertTrue(never.isCancelled());
    assertEquals("1", now(ends.server().receive()));
    cancelledInTheMoment(later(ends.server()));
    assertEquals("3", now(ends.server().receive()));
    ends.client().close();
    ends.server().close();
    reactor.flush();
  }

  /** A {@code receive()} whose message comes when the reactor goes on. */
  private CompletableFuture<String> later(Connection<String> connection) {
    var waiting = new CompletableFuture<CompletableFuture<String>>();
    CompletableFuture.runAsync(() -> waiting.complete(connection.receive())).join();
    return waiting.join();
  }

  @Test
  void messagesThatComeBackKeepTheirOrder() {
    var ends = connected(Codecs.line());
    var stages = new ArrayList<CompletableFuture<String>>();
    for (int i = 0; i < 3; i++) {
      stages.add(ends.server().receive().thenApplyAsync(line -> line, work -> {}));
    }
    for (int i = 1; i <= 6; i++) ends.client().send("" + i);
    reactor.flush();
    for (int i : List.of(1, 2, 0)) stages.get(i).cancel(true);
    var got = new ArrayList<String>();
    got.add(now(ends.server().receive()));
    ends.server()
        .onMessage(line -> torsion.after(Duration.ofSeconds(1)).thenRun(() -> got.add(line)));
    advance(1500);
    assertEquals(List.of("1", "2"), got); // one at a time
    advance(8000);
    assertEquals(List.of("1", "2", "3", "4", "5", "6"), got);
    ends.client().close();
    advance(1000);
  }

  @Test
  void aMessageThatComesBackGoesToTheOneWhoWaits() {
    var ends = connected(Codecs.line());
    var stage = ends.server().receive().thenApplyAsync(line -> line, work -> {});
    var waiting = ends.server().receive();
    ends.client().send("1");
    reactor.flush();
    stage.cancel(true);
    assertEquals("1", now(waiting));
    ends.client().send("2");
    assertEquals("2", now(ends.server().receive()));
    ends.client().close();
    ends.server().close();
    reactor.flush();
  }

  @Test
  void aMessageThatComesBackAfterTheEndIsReceivedBeforeIt() {
    var ends = connected(Codecs.line());
    var stage = ends.server().receive().thenApplyAsync(line -> line, work -> {});
    ends.client().send("1");
    reactor.flush();
    ends.client().close();
    var closed = ends.server().closed();
    now(closed);
    stage.cancel(true);
    assertEquals("1", now(ends.server().receive()));
    failsNow(ConnectionDone.class, ends.server().receive());
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
