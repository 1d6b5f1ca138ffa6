// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.nio.NioPoller;
import dev.torsion.reactor.EngineReactor;
import dev.torsion.reactor.EngineReactors;
import dev.torsion.reactor.Phase;
import dev.torsion.reactor.ReactorFailedException;
import dev.torsion.reactor.ReactorNotRestartableException;
import dev.torsion.reactor.ReactorOptions;
import dev.torsion.reactor.Reactors;
import dev.torsion.reactor.SystemEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The end of a reactor in every way that there is: its ports are closed and its futures complete.
 */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(60)
class TorsionLifeTest {
  private static final String ANY_PORT = "tcp:0:interface=127.0.0.1";
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private static void connectTo(Server server) throws IOException {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    }
  }

  @Test
  void oneThatHasNeverRunIsReleasedByClose() {
    var events = new ArrayList<String>();
    Server server;
    List<CompletableFuture<?>> waiting = new ArrayList<>();
    Torsion torsion = Torsion.create();
    try (torsion) {
      server = Results.of(torsion.serve(ANY_PORT, Codecs.line(), c -> c.onMessage(c::send)));
      torsion.beforeStop(() -> events.add("before stop"));
      torsion.keepConnected("tcp:127.0.0.1:" + server.port(), Codecs.line());
      waiting.add(torsion.after(HOUR));
      waiting.add(torsion.every(HOUR, () -> events.add("every")).done());
    }
    assertThrows(IOException.class, () -> connectTo(server));
    assertEquals(List.of("every", "before stop"), events);
    waiting.forEach(future -> Results.failure(ReactorNotRunningException.class, future));
    // Calls on it afterwards, on the thread that has set it up or another one.
    Results.failure(
        ReactorNotRunningException.class, torsion.serve(ANY_PORT, Codecs.line(), c -> {}));
    Results.failure(
        ReactorNotRunningException.class, torsion.connect("tcp:127.0.0.1:1", Codecs.line()));
    Results.failure(ReactorNotRunningException.class, torsion.call(() -> 1));
    Results.failure(ReactorNotRunningException.class, torsion.after(Duration.ZERO));
    assertThrows(ReactorNotRestartableException.class, torsion::run);
    torsion.close();
  }

  @Test
  void oneThatHasCrashedIsReleasedByClose() {
    Torsion torsion = Torsion.start();
    Server server = Results.of(torsion.listen(ANY_PORT, new Factory(Quiet::new)));
    var timer = torsion.after(HOUR);
    Results.of(torsion.call(() -> torsion.reactor().crash()));
    torsion.close();
    assertThrows(IOException.class, () -> connectTo(server));
    Results.failure(ReactorNotRunningException.class, timer);
  }

  @Test
  void aGroupWithAReactorThatHasNeverRunOrHasCrashedIsReleasedByClose() {
    var group = TorsionGroup.start(2);
    var server = Results.of(group.listen(ANY_PORT, reactor -> new Factory(Quiet::new)));
    Results.of(group.members().get(0).call(() -> group.members().get(0).reactor().crash()));
    group.close();
    assertThrows(IOException.class, () -> connectTo(server));
  }

  @Test
  void whatAThreadOfThePoolWaitsForCompletesWhenTheReactorStops() throws InterruptedException {
    var torsion = Torsion.start();
    var waits = new CountDownLatch(1);
    var first = new CompletableFuture<Throwable>();
    var second = new CompletableFuture<Throwable>();
    torsion.deferToThread(
        () -> {
          var future = torsion.after(HOUR);
          waits.countDown();
          first.complete(assertThrows(CompletionException.class, future::join).getCause());
          // While the reactor waits for this thread.
          var late = torsion.serve(ANY_PORT, Codecs.line(), c -> {});
          second.complete(assertThrows(CompletionException.class, late::join).getCause());
          return null;
        });
    waits.await();
    assertTrue(torsion.stopAndJoin(DEADLINE));
    assertEquals(ReactorNotRunningException.class, Results.of(first).getClass());
    assertEquals(ReactorNotRunningException.class, Results.of(second).getClass());
  }

  @Test
  void workOfThePoolThatTheReactorDoesNotWaitForFailsItsFuture() throws InterruptedException {
    var torsion = Torsion.start();
    var reactor = torsion.reactor();
    var release = new CountDownLatch(1);
    var begun = new CountDownLatch(1);
    var work =
        torsion.deferToThread(
            () -> {
              begun.countDown();
              return release.await(20, TimeUnit.SECONDS);
            });
    try {
      assertTrue(begun.await(20, TimeUnit.SECONDS));
      reactor.callFromThread(
          () -> {
            reactor.addSystemEventTrigger(
                Phase.DURING,
                SystemEvent.SHUTDOWN,
                () -> {
                  reactor.crash();
                  return null;
                });
            reactor.stop();
          });
      assertTrue(torsion.stopAndJoin(Duration.ofSeconds(20)));
    } finally {
      release.countDown();
    }
    Results.failure(ReactorNotRunningException.class, work);
  }

  /** Futures that nothing but the end of the reactor completes. */
  private static List<CompletableFuture<?>> waitingForEver(Torsion torsion) {
    var loop = new Loop(torsion.reactor(), null);
    var service =
        Results.of(
            torsion
                .services()
                .add(
                    new StageService() {
                      @Override
                      public void start() {}

                      @Override
                      public CompletionStage<?> stop() {
                        return new CompletableFuture<>();
                      }
                    }));
    var stop = service.stop(); // it is no part of the services any more, which the end waits for
    List<CompletableFuture<?>> all =
        List.of(
            stop,
            torsion.after(HOUR),
            torsion.every(HOUR, () -> {}).done(),
            torsion.future(() -> new Deferred<>()),
            torsion.future(
                () -> Reactors.deferToThreadPool(torsion.reactor(), call -> {}, () -> 1)),
            loop.opening(() -> new Deferred<>(), unwanted -> {}),
            torsion.keepConnected("tcp:127.0.0.1:1", Codecs.line()).connection());
    Results.of(torsion.call(() -> 1)); // by now all of them have begun
    return all;
  }

  private static void assertAllFail(List<CompletableFuture<?>> waiting) {
    for (int i = 0; i < waiting.size(); i++) {
      var future = waiting.get(i);
      var error = assertThrows(Exception.class, () -> future.get(20, TimeUnit.SECONDS));
      assertFalse(error instanceof TimeoutException, "future " + i);
    }
  }

  @Test
  void futuresThatNothingElseCompletesFailWhenTheReactorHasStopped() {
    var torsion = Torsion.start();
    var waiting = waitingForEver(torsion);
    assertTrue(torsion.stopAndJoin(DEADLINE));
    assertAllFail(waiting);
  }

  @Test
  void futuresThatNothingElseCompletesFailWhenTheReactorCrashesWhileItIsStopping() {
    var torsion = Torsion.start();
    var waiting = waitingForEver(torsion);
    var after = new AtomicBoolean();
    torsion.beforeStop(
        () -> {
          torsion.reactor().callFromThread(torsion.reactor()::crash);
          return new CompletableFuture<>();
        });
    torsion.call(
        () ->
            torsion
                .reactor()
                .addSystemEventTrigger(
                    Phase.AFTER,
                    SystemEvent.SHUTDOWN,
                    () -> {
                      after.set(true);
                      return null;
                    }));
    assertTrue(torsion.stopAndJoin(DEADLINE));
    assertAllFail(waiting);
    assertFalse(after.get()); // it ends at once
  }

  @Test
  void whenTheLoopCannotGoOnAllFuturesFail() throws Exception {
    var reactor = new BreakingReactor();
    var torsion = Torsion.on(reactor);
    var failure = new CompletableFuture<Throwable>();
    var thread =
        new Thread(
            () -> failure.complete(assertThrows(ReactorFailedException.class, reactor::run)));
    thread.start();
    Server server = Results.of(torsion.serve(ANY_PORT, Codecs.line(), c -> {}));
    var client = Results.of(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    var timer = torsion.after(HOUR);
    var message = client.receive();
    var closed = client.closed();
    reactor.breakNow();
    assertInstanceOf(UncheckedIOException.class, Results.of(failure).getCause());
    Results.failure(ReactorNotRunningException.class, timer);
    assertThrows(Exception.class, () -> message.get(20, TimeUnit.SECONDS));
    Results.of(closed);
    assertFalse(reactor.isRunning());
    Results.failure(ReactorNotRunningException.class, torsion.call(() -> 1));
    thread.join();
  }

  private static final class Quiet extends Protocol {}

  /** A reactor whose selector breaks when it is told to. */
  private static final class BreakingReactor extends EngineReactor {
    private final AtomicBoolean isBroken;

    BreakingReactor() {
      this(ReactorOptions.builder().build(), new AtomicBoolean());
    }

    private BreakingReactor(ReactorOptions options, AtomicBoolean isBroken) {
      super(options, EngineReactors.nioEngine(options, loop -> new BreakingPoller(loop, isBroken)));
      this.isBroken = isBroken;
    }

    void breakNow() {
      isBroken.set(true);
      callFromThread(() -> {});
    }
  }

  private static final class BreakingPoller extends NioPoller {
    private final AtomicBoolean isBroken;

    BreakingPoller(dev.torsion.loop.Loop loop, AtomicBoolean isBroken) {
      super(loop, java.nio.channels.spi.SelectorProvider.provider());
      this.isBroken = isBroken;
    }

    @Override
    protected void select(long timeoutNanos, Consumer<SelectionKey> ready) {
      if (isBroken.get()) throw new UncheckedIOException(new IOException("the selector is broken"));
      super.select(timeoutNanos, ready);
    }
  }
}
