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
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.reactor.ReactorOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers on several reactors, on real sockets. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(60)
class TorsionGroupTest {
  private static final String ANY_PORT = "tcp:0:interface=127.0.0.1";

  private static String at(Server server) {
    return "tcp:127.0.0.1:" + server.port();
  }

  private static List<Connection<String>> connect(Torsion client, Server server, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Results.of(client.connect(at(server), Codecs.line())))
        .toList();
  }

  /** One of the group's threads, by its number from 1. */
  private static Thread thread(TorsionGroup group, int number) {
    return Results.of(group.members().get(number - 1).call(Thread::currentThread));
  }

  @Test
  void connectionsAreSharedAndEachStaysOnOneThread() {
    try (var group = TorsionGroup.start(2, ReactorOptions.builder().threadName("shared").build());
        var client = Torsion.start()) {
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      var server =
          Results.of(
              group.serve(
                  ANY_PORT,
                  Codecs.line(),
                  connection -> {
                    Thread own = Thread.currentThread();
                    threads.add(own);
                    connection.onMessage(
                        line ->
                            connection
                                .send(line)
                                .thenRun(() -> assertSame(own, Thread.currentThread())));
                  }));
      for (var connection : connect(client, server, 6)) {
        assertEquals("hello", Results.of(connection.request("hello")));
        assertEquals("again", Results.of(connection.request("again")));
      }
      assertEquals(Set.of(thread(group, 1), thread(group, 2)), threads);
      assertEquals(
          List.of("shared-1", "shared-2"),
          Stream.of(thread(group, 1), thread(group, 2)).map(Thread::getName).toList());
    }
  }

  @Test
  void aServerTellsItsAddressAndStopsAndItsConnectionsLiveOn() {
    try (var group = TorsionGroup.start(2);
        var client = Torsion.start()) {
      var server = Results.of(group.serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send)));
      assertEquals("Server(127.0.0.1:" + server.port() + ")", server.toString());
      var connections = connect(client, server, 2);
      for (var connection : connections) Results.of(connection.request("hello"));
      Results.of(server.stop());
      Results.failure(ConnectionRefusedException.class, client.connect(at(server), Codecs.line()));
      for (var connection : connections) assertEquals("x", Results.of(connection.request("x")));
      Results.of(server.stop());
    }
  }

  @Test
  void aPortThatNoStageHasGotIsClosed() throws InterruptedException {
    class Watched extends Factory {
      private final CountDownLatch stopped;

      Watched(CountDownLatch stopped) {
        super(() -> new Protocol() {});
        this.stopped = stopped;
      }

      @Override
      public void stopFactory() {
        stopped.countDown();
      }
    }
    try (var group = TorsionGroup.start(2)) {
      var stopped = new CountDownLatch(2);
      var opening = group.listen(ANY_PORT, reactor -> new Watched(stopped));
      var stage = opening.thenApplyAsync(server -> server, work -> {});
      Results.of(opening.thenRun(() -> {}));
      assertTrue(stage.cancel(true));
      assertTrue(stopped.await(20, TimeUnit.SECONDS));

      var kept = group.listen(ANY_PORT, reactor -> new Factory(() -> new Protocol() {}));
      var late = kept.thenApplyAsync(server -> server, work -> {});
      Server server = Results.of(kept);
      late.cancel(true); // somebody has got it
      Results.of(server.stop());
    }
  }

  @Test
  void theLimitOfConnectionsIsForAllTogether() {
    try (var group = TorsionGroup.start(2);
        var client = Torsion.start()) {
      var options = ConnectionOptions.builder().maxConnections(3).build();
      var server =
          Results.of(group.serve(ANY_PORT, Codecs.line(), options, c -> c.onMessage(c::send)));
      for (var connection : connect(client, server, 3)) Results.of(connection.request("hello"));
      for (var connection : connect(client, server, 2)) {
        Results.failure(CloseReason.class, connection.receive());
      }
      assertEquals(
          3, group.members().stream().mapToInt(m -> m.reactor().health().getConnections()).sum());
    }
  }

  @Test
  void protocolsHaveAFactoryForEachReactor() {
    class Echo extends Protocol {
      @Override
      public void dataReceived(byte[] data) {
        transport().write(data);
      }
    }
    try (var group = TorsionGroup.start(2);
        var client = Torsion.start()) {
      Set<Factory> factories = ConcurrentHashMap.newKeySet();
      var server =
          Results.of(
              group.listen(
                  ANY_PORT,
                  reactor -> {
                    var factory = new Factory(Echo::new);
                    factories.add(factory);
                    return factory;
                  }));
      for (var connection : connect(client, server, 4)) Results.of(connection.request("hello"));
      assertEquals(2, factories.size());
    }
  }

  @Test
  void whatFailsFailsTheFuture() {
    try (var group = TorsionGroup.start(2)) {
      Results.failure(EndpointSyntaxException.class, group.serve("tpc:1", Codecs.line(), c -> {}));
      var server = Results.of(group.serve(ANY_PORT, Codecs.line(), c -> {}));
      String taken = "tcp:" + server.port() + ":interface=127.0.0.1";
      Results.failure(CannotListenException.class, group.serve(taken, Codecs.line(), c -> {}));
      var failed =
          group.listen(
              ANY_PORT,
              reactor -> {
                throw new IOException("no");
              });
      assertEquals("no", Results.failure(IOException.class, failed).getMessage());
    }
  }

  @Test
  void aHandlerThatFailsIsReportedAndAbortsItsConnection() throws Exception {
    var errors = new LinkedBlockingQueue<String>();
    var options =
        ReactorOptions.builder()
            .errorListener((context, error) -> errors.add(error.getMessage()))
            .build();
    try (var group = TorsionGroup.start(2, options);
        var client = Torsion.start()) {
      var server =
          Results.of(
              group.serve(
                  ANY_PORT,
                  Codecs.line(),
                  connection ->
                      connection.onMessage(
                          line -> {
                            throw new IOException(line);
                          })));
      for (var connection : connect(client, server, 2)) {
        Results.failure(CloseReason.class, connection.request("no good"));
      }
      for (int i = 0; i < 2; i++) assertEquals("no good", errors.poll(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void itsThreadsCannotBeBlocked() {
    try (var group = TorsionGroup.start(2)) {
      for (Torsion member : group.members()) {
        CompletableFuture<Server> waiting =
            member.call(() -> group.serve(ANY_PORT, Codecs.line(), c -> {}).join());
        Results.failure(IllegalStateException.class, waiting);
        assertThrows(
            IllegalStateException.class,
            () -> member.blockingCall(() -> group.stopAndJoin(Duration.ofSeconds(1))));
      }
    }
  }

  @Test
  void membersAreOrdinaryOnes() {
    var group = TorsionGroup.start(2);
    var server = Results.of(group.serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send)));
    assertSame(group.members().get(0), group.next());
    assertSame(group.members().get(1), group.next());
    for (Torsion member : group.members()) {
      var connection = Results.of(member.connect(at(server), Codecs.line()));
      assertEquals("hello", Results.of(connection.request("hello")));
      Results.of(member.after(Duration.ofMillis(1)));
      member.close(); // which ends nothing
      assertTrue(member.reactor().isRunning());
    }
    assertTrue(group.stopAndJoin(Duration.ofSeconds(20)));
    assertFalse(group.group().getReactors().get(0).isRunning());
    Results.failure(
        ReactorNotRunningException.class, group.serve(ANY_PORT, Codecs.line(), c -> {}));
    assertThrows(ReactorNotRunningException.class, group::next);
    group.close();
  }
}
