// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.EndpointSyntaxException;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.CannotListenException;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.reactor.ExitException;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.ReactorOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A reactor's life, its servers and its clients, on real sockets. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(60)
class TorsionTest {
  private static final String ANY_PORT = "tcp:0:interface=127.0.0.1";

  private static String at(Server server) {
    return "tcp:127.0.0.1:" + server.port();
  }

  @Test
  void theProgramOfTheJavadocWorks() {
    var printed = new ArrayList<String>();
    try (var torsion = Torsion.start()) {
      var server = torsion.serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send)).join();
      var client = torsion.connect(at(server), Codecs.line()).join();
      client.request("hello").thenAccept(printed::add).join();
    }
    assertEquals(List.of("hello"), printed);
  }

  @Test
  void aServerTellsItsAddressAndStops() {
    try (var torsion = Torsion.start()) {
      var server = Results.of(torsion.serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send)));
      assertTrue(server.port() > 0);
      assertEquals("127.0.0.1:" + server.port(), server.host().toString());
      var client = Results.of(torsion.connect(at(server), Codecs.line()));
      assertEquals("before", Results.of(client.request("before")));
      Results.of(server.stop());
      Results.of(server.stop());
      assertEquals("after", Results.of(client.request("after")));
      Results.failure(ConnectionRefusedException.class, torsion.connect(at(server), Codecs.line()));
    }
  }

  @Test
  void whatIsWrongFailsTheFutureWithItsType() {
    try (var torsion = Torsion.start()) {
      var server = Results.of(torsion.listen(ANY_PORT, new Factory(Quiet::new)));
      var taken = torsion.serve(at(server).replace("127.0.0.1:", ""), Codecs.line(), c -> {});
      Results.failure(CannotListenException.class, taken);
      Results.failure(
          EndpointSyntaxException.class, torsion.serve("tcp:http", Codecs.line(), c -> {}));
      Results.failure(EndpointSyntaxException.class, torsion.connect("carrier", Codecs.raw()));
    }
  }

  private static final class Quiet extends Protocol {}

  @Test
  void aHandlerThatThrowsLosesItsConnectionAndNotTheServer() {
    var reported = Collections.synchronizedList(new ArrayList<Throwable>());
    var options =
        ReactorOptions.builder()
            .threadName("careless")
            .blockedThreshold(Duration.ofSeconds(30))
            .errorListener((context, error) -> reported.add(error))
            .build();
    var error = new IOException("no");
    var count = new int[1];
    try (var torsion = Torsion.start(options)) {
      var server =
          Results.of(
              torsion.serve(
                  ANY_PORT,
                  Codecs.line(),
                  c -> {
                    if (count[0]++ == 0) throw error;
                    c.onMessage(c::send);
                  }));
      var first = Results.of(torsion.connect(at(server), Codecs.line()));
      Results.of(first.closed());
      var second = Results.of(torsion.connect(at(server), Codecs.line()));
      assertEquals("x", Results.of(second.request("x")));
      assertEquals(List.of(error), reported);
    }
  }

  @Test
  void thereAreNoMoreConnectionsThanAllowed() {
    try (var torsion = Torsion.start()) {
      var options = ConnectionOptions.builder().maxConnections(1).build();
      var server =
          Results.of(torsion.serve(ANY_PORT, Codecs.line(), options, c -> c.onMessage(c::send)));
      var first = Results.of(torsion.connect(at(server), Codecs.line()));
      assertEquals("x", Results.of(first.request("x")));
      var second = Results.of(torsion.connect(at(server), Codecs.line()));
      Results.of(second.closed());
      assertEquals("y", Results.of(first.request("y")));
    }
  }

  // Life.

  @Test
  void closeEndsTheThreadAndEverythingOnIt() {
    Torsion torsion = Torsion.start(ReactorOptions.builder().threadName("short-lived").build());
    var server = Results.of(torsion.serve(ANY_PORT, Codecs.line(), c -> {}));
    var client = Results.of(torsion.connect(at(server), Codecs.line()));
    Thread loop = Results.of(torsion.call(Thread::currentThread));
    assertEquals("short-lived", loop.getName());
    torsion.close();
    assertFalse(torsion.reactor().isRunning());
    assertTrue(client.closed().isDone());
    torsion.close();
    torsion.stop();
    server.close();
    Results.failure(ReactorNotRunningException.class, torsion.connect(at(server), Codecs.line()));
    Results.failure(ReactorNotRunningException.class, torsion.call(() -> 1));
  }

  @Test
  void closeOnTheReactorsOwnThreadStopsAndDoesNotWait() {
    Torsion torsion = Torsion.start();
    Results.of(torsion.call(torsion::close));
    assertTrue(torsion.stopAndJoin(Duration.ofSeconds(20)));
  }

  @Test
  void aReactorThatIsHeldUpIsNotWaitedForWithoutEnd() {
    Torsion torsion = Torsion.start();
    var release = new CompletableFuture<String>();
    torsion.beforeStop(() -> release);
    Results.of(torsion.call(() -> 1));
    assertFalse(torsion.stopAndJoin(Duration.ofMillis(50)));
    release.complete("go");
    assertTrue(torsion.stopAndJoin(Duration.ofSeconds(20)));
  }

  @Test
  void anInterruptEndsTheWaitingAndIsKept() {
    Torsion torsion = Torsion.start();
    var release = new CompletableFuture<String>();
    torsion.beforeStop(() -> release);
    Thread.currentThread().interrupt();
    assertFalse(torsion.stopAndJoin(Duration.ofSeconds(20)));
    assertTrue(Thread.interrupted());
    release.complete("go");
    torsion.close();
  }

  @Test
  void whatRunsBeforeTheStopStillHasItsConnections() {
    var last = new CompletableFuture<String>();
    try (var torsion = Torsion.start()) {
      var server =
          Results.of(
              torsion.serve(
                  ANY_PORT, Codecs.line(), c -> torsion.beforeStop(() -> c.send("goodbye"))));
      var client = Results.of(torsion.connect(at(server), Codecs.line()));
      client.onEach(last::complete);
      Results.of(torsion.call(() -> 1));
      torsion.beforeStop(() -> last);
      torsion.beforeStop(() -> last.orTimeout(20, TimeUnit.SECONDS));
    }
    assertEquals("goodbye", Results.of(last));
  }

  @Test
  void closingTheFacadeOfAnotherReactorLeavesItRunning() {
    Reactor reactor = Reactor.create();
    reactor.start();
    try (Torsion torsion = Torsion.on(reactor)) {
      assertSame(reactor, torsion.reactor());
      assertEquals(1, Results.of(torsion.call(() -> 1)));
    }
    assertTrue(reactor.isRunning());
    Torsion.on(reactor).stop();
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(20)));
  }

  // The form of the tutorials.

  @Test
  void whatIsSetUpBeforeRunIsThereAtOnce() {
    Torsion torsion = Torsion.create();
    var seen = new ArrayList<String>();
    Server server = torsion.serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send)).join();
    torsion
        .connect(at(server), Codecs.line())
        .thenCompose(c -> c.request("hello"))
        .thenAccept(seen::add)
        .whenComplete((done, error) -> torsion.stop());
    torsion.run();
    assertEquals(List.of("hello"), seen);
    Results.failure(ReactorNotRunningException.class, torsion.connect(at(server), Codecs.line()));
  }

  @Test
  void aTakenPortIsKnownBeforeRun() {
    try (var other = Torsion.start()) {
      Server server = Results.of(other.listen(ANY_PORT, new Factory(Quiet::new)));
      Torsion torsion = Torsion.create();
      var taken =
          torsion.listen("tcp:" + server.port() + ":interface=127.0.0.1", new Factory(Quiet::new));
      assertTrue(taken.isCompletedExceptionally());
      torsion.stop();
    }
  }

  @Test
  void otherThreadsMayUseItBeforeItRuns() throws InterruptedException {
    Torsion torsion = Torsion.create();
    var result = new CompletableFuture<Thread>();
    var other =
        new Thread(
            () ->
                torsion
                    .call(Thread::currentThread)
                    .thenAccept(
                        thread -> {
                          result.complete(thread);
                          torsion.stop();
                        }));
    other.start();
    other.join();
    assertFalse(result.isDone());
    torsion.run();
    assertSame(Thread.currentThread(), Results.of(result));
  }

  @Test
  void reactRunsUntilItsStageIsComplete() throws Exception {
    var seen = new ArrayList<String>();
    int code =
        Torsion.react(
            torsion ->
                torsion
                    .serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send))
                    .thenCompose(server -> torsion.connect(at(server), Codecs.line()))
                    .thenCompose(c -> c.request("hello"))
                    .thenAccept(seen::add));
    assertEquals(0, code);
    assertEquals(List.of("hello"), seen);
  }

  @Test
  void reactFailsAsItsStageDoes() throws Exception {
    var error = new IOException("no");
    assertSame(
        error,
        assertThrows(
            IOException.class,
            () ->
                Torsion.react(
                    torsion ->
                        torsion
                            .after(Duration.ZERO)
                            .thenCompose(done -> CompletableFuture.failedFuture(error)))));
    assertSame(
        error,
        assertThrows(
            IOException.class,
            () ->
                Torsion.react(
                    torsion -> {
                      throw error;
                    })));
    assertEquals(3, Torsion.react(torsion -> CompletableFuture.failedFuture(new ExitException(3))));
  }

  @Test
  void aStoppedReactCancelsItsStage() throws Exception {
    var never = new CompletableFuture<String>();
    Torsion.react(
        torsion -> {
          torsion.callLater(Duration.ZERO, torsion::stop);
          return never;
        });
    assertTrue(never.isCancelled());
  }
}
