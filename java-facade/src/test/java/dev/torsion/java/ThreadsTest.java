// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** Which thread does what, on real sockets. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(60)
class ThreadsTest {
  private final Torsion torsion = Torsion.start();
  private Server server;
  private Connection<String> client;
  private Thread loop;

  @BeforeEach
  void connect() {
    server =
        Results.of(
            torsion.serve("tcp:0:interface=127.0.0.1", Codecs.line(), c -> c.onMessage(c::send)));
    client = Results.of(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    loop = Results.of(torsion.call(Thread::currentThread));
  }

  @AfterEach
  void close() {
    torsion.close();
  }

  // Blocking.

  @Test
  void blockingTheReactorsThreadIsRefused() {
    List<CompletableFuture<?>> waiting = new ArrayList<>();
    waiting.add(client.receive());
    waiting.add(client.closed());
    waiting.add(client.receive().thenApply(String::length).thenCompose(n -> client.receive()));
    waiting.add(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    for (var future : waiting) {
      var refusals =
          Results.of(
              torsion.call(
                  () ->
                      List.of(
                          assertThrows(IllegalStateException.class, client.receive()::join),
                          assertThrows(IllegalStateException.class, () -> client.receive().get()),
                          assertThrows(
                              IllegalStateException.class,
                              () -> client.receive().get(1, TimeUnit.SECONDS)))));
      for (var refusal : refusals) {
        assertTrue(
            String.valueOf(refusal.getMessage()).contains("would block"), refusal.toString());
      }
      future.cancel(true);
    }
  }

  @Test
  void aResultThatIsThereMayBeTakenOnTheReactorsThread() {
    var done = client.request("x");
    assertEquals("x", Results.of(done));
    assertEquals("x", Results.of(torsion.call(done::join)));
  }

  @Test
  void blockingCallRunsOnTheLoopAndIsRefusedThere() throws Exception {
    assertSame(loop, torsion.blockingCall(Thread::currentThread));
    var error = new IOException("no");
    assertSame(
        error,
        assertThrows(
            IOException.class,
            () ->
                torsion.blockingCall(
                    () -> {
                      throw error;
                    })));
    Results.failure(IllegalStateException.class, torsion.call(() -> torsion.blockingCall(() -> 1)));
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21)
  void virtualThreadsMayBlock() throws Exception {
    int count = 200;
    var answers = new String[count];
    var threads = new Thread[count];
    for (int i = 0; i < count; i++) {
      int number = i;
      threads[i] =
          virtual(
              () -> {
                try (var c =
                    torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()).join()) {
                  c.send("first").join();
                  c.send("second").join();
                  answers[number] = c.receive().join() + c.receive().join();
                }
              });
    }
    for (var thread : threads) {
      thread.join(20_000);
      assertFalse(thread.isAlive());
    }
    for (String answer : answers) assertEquals("firstsecond", answer);
  }

  /** {@code Thread.startVirtualThread}, which JDK 17 does not have. */
  private static Thread virtual(Runnable task) throws ReflectiveOperationException {
    return (Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
  }

  // Where things run.

  @Test
  void handlersAndStagesRunOnTheReactorsThread() {
    var handler = new CompletableFuture<Thread>();
    var other = Results.of(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    other.onEach(line -> handler.complete(Thread.currentThread()));
    other.send("x");
    assertSame(loop, Results.of(handler));
    var ready = new CountDownLatch(1);
    var stage =
        torsion
            .future(() -> torsion.deferred(CompletableFuture.runAsync(() -> await(ready))))
            .thenApply(done -> Thread.currentThread());
    ready.countDown();
    assertSame(loop, Results.of(stage));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void asyncStagesLeaveTheReactorAndComeBackToIt() {
    var elsewhere = client.request("x").thenApplyAsync(line -> Thread.currentThread());
    assertNotSame(loop, Results.of(elsewhere));
    var back = elsewhere.thenApplyAsync(thread -> Thread.currentThread(), torsion.reactor());
    assertSame(loop, Results.of(back));
  }

  @Test
  void callsRunOnTheLoopInOrder() {
    var order = new ArrayList<Integer>();
    for (int i = 0; i < 100; i++) {
      int number = i;
      torsion.call(() -> order.add(number));
    }
    assertEquals(100, Results.of(torsion.call(order::size)));
    assertEquals(List.of(0, 1, 2), order.subList(0, 3));
  }

  @Test
  void onTheLoopACallIsMadeAtOnce() {
    assertTrue(Results.of(torsion.call(() -> torsion.call(() -> 1).isDone())));
  }

  @Test
  void blockingWorkRunsOnThePoolAndItsStagesOnTheLoop() {
    var release = new CountDownLatch(1);
    var worker =
        torsion.deferToThread(
            () -> {
              await(release);
              return Thread.currentThread();
            });
    var stage = worker.thenApply(thread -> Thread.currentThread());
    assertFalse(worker.isDone());
    release.countDown();
    // In this order: a thread that waits for a future may run the stages of that very future.
    assertSame(loop, Results.of(stage));
    assertNotSame(loop, Results.of(worker));
    var error = new IOException("no");
    assertSame(
        error,
        Results.failure(
            IOException.class,
            torsion.deferToThread(
                () -> {
                  throw error;
                })));
  }

  @Test
  void workOfThePoolEndsBeforeTheReactorDoes() {
    var release = new CountDownLatch(1);
    var work =
        torsion.deferToThread(
            () -> {
              await(release);
              return "done";
            });
    Results.of(torsion.call(() -> 1));
    torsion.stop();
    release.countDown();
    assertEquals("done", Results.of(work));
  }

  // Races.

  @Test
  void aReceiveThatIsCancelledByAnotherThreadLosesNoMessage() {
    int count = 3_000;
    var feed =
        Results.of(
            torsion.serve(
                "tcp:0:interface=127.0.0.1",
                Codecs.line(),
                c -> c.onMessage(line -> feed(c, 0, count))));
    var reader = Results.of(torsion.connect("tcp:127.0.0.1:" + feed.port(), Codecs.line()));
    reader.send("go");
    int cancelled = 0;
    for (int expected = 0; expected < count; ) {
      var next = reader.receive();
      for (int spin = ThreadLocalRandom.current().nextInt(3_000); spin > 0; spin--) {
        Thread.onSpinWait();
      }
      if (expected % 4 != 0 && next.cancel(true)) {
        cancelled++;
        assertThrows(CancellationException.class, next::join);
      } else {
        assertEquals("line " + expected, Results.of(next));
        expected++;
      }
    }
    assertTrue(cancelled > 0, "no receive was ever cancelled in time");
  }

  private static CompletableFuture<Void> feed(Connection<String> c, int from, int count) {
    for (int i = from; i < count; i++) {
      var sent = c.send("line " + i);
      int next = i + 1;
      if (!sent.isDone()) return sent.thenCompose(accepted -> feed(c, next, count));
    }
    return CompletableFuture.completedFuture(null);
  }

  @Test
  void anAttemptThatIsCancelledByAnotherThreadLeavesNoConnection() {
    var open = new AtomicInteger();
    var counted =
        Results.of(
            torsion.serve(
                "tcp:0:interface=127.0.0.1",
                Codecs.line(),
                c -> {
                  open.incrementAndGet();
                  c.closed().thenAccept(reason -> open.decrementAndGet());
                  c.onMessage(c::send);
                }));
    int kept = 0;
    for (int i = 0; i < 300; i++) {
      var attempt = torsion.connect("tcp:127.0.0.1:" + counted.port(), Codecs.line());
      var stage = i % 2 == 0 ? attempt : attempt.thenApply(c -> c);
      for (int spin = ThreadLocalRandom.current().nextInt(20_000); spin > 0; spin--) {
        Thread.onSpinWait();
      }
      stage.cancel(true);
      // A stage can be too late for its first future, which then has the connection.
      if (!attempt.isCompletedExceptionally()) {
        kept++;
        var connection = Results.of(attempt);
        assertEquals("x", Results.of(connection.request("x")));
        connection.close();
        Results.of(connection.closed());
      }
    }
    assertTrue(kept < 300, "no attempt was ever cancelled in time");
    var none = new CompletableFuture<String>();
    var watch =
        torsion.every(
            Duration.ofMillis(1),
            () -> {
              if (open.get() == 0) none.complete("none");
            });
    Results.of(none);
    watch.stop();
  }
}
