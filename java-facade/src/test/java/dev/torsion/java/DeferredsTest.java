// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.Connector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Deferreds as futures and back, and what cancelling a future does to the sockets. */
@SuppressWarnings("FutureReturnValueIgnored")
class DeferredsTest extends InMemory {
  @Test
  void aDeferredIsAFuture() {
    var error = new IOException("no");
    assertEquals("x", now(torsion.future(() -> Deferreds.succeed("x"))));
    assertSame(
        error, failsNow(IOException.class, torsion.future(() -> Deferreds.<String>fail(error))));
    assertSame(
        error,
        failsNow(
            IOException.class,
            torsion.<String>future(
                () -> {
                  throw error;
                })));
  }

  @Test
  void cancellingTheFutureCancelsTheDeferred() {
    var cancelled = new ArrayList<Deferred<String>>();
    var work = new Deferred<String>(cancelled::add);
    var stage = torsion.future(() -> work).thenApply(String::length).thenAccept(length -> {});
    reactor.flush();
    stage.cancel(true);
    assertEquals(List.of(work), cancelled);
  }

  @Test
  void aFutureThatIsCancelledBeforeTheLoopHearsOfItStartsNothing() {
    var started = new ArrayList<String>();
    torsion
        .future(
            () -> {
              started.add("started");
              return Deferreds.succeed("x");
            })
        .cancel(true);
    reactor.flush();
    assertEquals(List.of(), started);
  }

  @Test
  void aStageIsADeferred() {
    var stage = new CompletableFuture<Integer>();
    var seen = new ArrayList<Integer>();
    var deferred = torsion.deferred(stage).addCallback(seen::add);
    stage.complete(7);
    assertEquals(List.of(), seen);
    reactor.flush();
    assertEquals(List.of(7), seen);

    var other = new CompletableFuture<Integer>();
    torsion.deferred(other).addErrback(failure -> 0).cancel();
    assertTrue(other.isCancelled());
    assertTrue(deferred.isCalled());
  }

  @Test
  void aDeferredThatNobodyFiresFailsWhenTheReactorStops() {
    var future = torsion.future(() -> new Deferred<String>());
    reactor.flush();
    reactor.close();
    Results.failure(ReactorNotRunningException.class, future);
  }

  @TestFactory
  Stream<DynamicTest> cancellingWhatIsDerivedFromAnAttemptToConnectEndsIt() {
    Map<String, Function<CompletableFuture<Connection<String>>, CompletableFuture<?>>> derivations =
        new LinkedHashMap<>();
    derivations.put("the future itself", future -> future);
    derivations.put("thenApply", future -> future.thenApply(Connection::peer));
    derivations.put("thenAccept", future -> future.thenAccept(c -> c.onMessage(c::send)));
    derivations.put("thenCompose", future -> future.thenCompose(c -> c.request("x")));
    derivations.put("handle", future -> future.handle((c, error) -> "x"));
    derivations.put(
        "a stage of stages",
        future -> future.thenCompose(c -> c.request("x")).thenApply(String::length).copy());
    return derivations.entrySet().stream()
        .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> ends(entry.getValue())));
  }

  private void ends(Function<CompletableFuture<Connection<String>>, CompletableFuture<?>> derive) {
    reactor.network().silence("192.0.2.1");
    var connecting = torsion.connect("tcp:192.0.2.1:80", Codecs.line());
    var stage = derive.apply(connecting);
    reactor.flush();
    var connectors = reactor.getConnectors();
    var connector = connectors.get(connectors.size() - 1);
    assertSame(Connector.State.CONNECTING, connector.getState());
    assertEquals(1, reactor.delayedCalls().size(), "the time limit of the attempt");
    assertTrue(stage.cancel(true));
    assertSame(Connector.State.DISCONNECTED, connector.getState());
    assertEquals(0, reactor.delayedCalls().size());
    assertTrue(connecting.isCancelled());
    reactor.network().unsilence("192.0.2.1");
    reactor.flush();
    assertEquals(0, reactor.network().getConnections());
  }

  @Test
  void aTimeLimitOfTheFutureEndsTheAttemptToo() {
    reactor.network().silence("192.0.2.1");
    var connecting = torsion.connect("tcp:192.0.2.1:80", Codecs.line());
    reactor.flush();
    // The effect of orTimeout, on another thread too.
    CompletableFuture.runAsync(() -> connecting.completeExceptionally(new TimeoutException()))
        .join();
    reactor.flush();
    assertSame(Connector.State.DISCONNECTED, reactor.getConnectors().get(0).getState());
  }

  @Test
  void aConnectionThatNobodyWaitsForAnyMoreIsClosed() {
    var accepted = new ArrayList<Connection<String>>();
    var server = now(torsion.serve("tcp:0", Codecs.line(), accepted::add));
    var connecting = torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line());
    // Another thread cancels, and the connection is made before the loop hears of it.
    CompletableFuture.runAsync(() -> connecting.thenApply(Connection::host).cancel(true)).join();
    reactor.flush();
    for (var c : accepted) assertTrue(c.closed().isDone());
    assertEquals(0, reactor.network().getConnections());
    now(server.stop());
  }

  @Test
  void aServerThatNobodyWaitsForAnyMoreStops() {
    var listening = torsion.serve("tcp:8007", Codecs.line(), c -> {});
    listening.cancel(true);
    reactor.flush();
    now(now(torsion.serve("tcp:8007", Codecs.line(), c -> {})).stop());
  }
}
