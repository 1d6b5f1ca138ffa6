// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.testkit.junit.TorsionExtension;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * How a test in Java lets time pass until a future is done, and what becomes of one that waits in
 * another way.
 */
@ExtendWith(TorsionExtension.class)
class DrivingTest {
  private static CompletableFuture<String> later(MemoryReactor reactor) {
    var result = new Deferred<String>();
    var future = result.toCompletableFuture(reactor);
    reactor.callFromThread(
        () ->
            reactor.callLater(30, TimeUnit.SECONDS, () -> result.callback("after half a minute")));
    return future;
  }

  @Test
  void awaitGivesTheValueOfAnyStage(MemoryReactor reactor) {
    assertEquals("after half a minute", reactor.await(later(reactor)));
    assertEquals(19, reactor.await(later(reactor).thenApply(String::length)));
    assertEquals("after half a minute", reactor.await(later(reactor).minimalCompletionStage()));
    assertEquals(Duration.ofSeconds(90), reactor.clock().elapsed());
    var both = CompletableFuture.allOf(later(reactor), later(reactor));
    reactor.await(both);
    reactor.runUntil(later(reactor)::isDone);
    assertEquals(Duration.ofSeconds(150), reactor.clock().elapsed());
  }

  @Test
  void awaitThrowsTheFailureAsItWas(MemoryReactor reactor) {
    var failed =
        later(reactor)
            .thenApply(
                text -> {
                  throw new CompletionException(new IOException(text));
                });
    assertEquals(
        "after half a minute",
        assertThrows(IOException.class, () -> reactor.await(failed)).getMessage());
    var cancelled = new CompletableFuture<String>();
    cancelled.cancel(true);
    assertThrows(CancellationException.class, () -> reactor.await(cancelled));
    assertThrows(AssertionError.class, () -> reactor.await(later(reactor), Duration.ofSeconds(1)));
    reactor.runFor(Duration.ofMinutes(1));
  }

  @Test
  void joinIsRefusedBeforeTheReactorRunsAndAfter(MemoryReactor reactor) {
    for (var round = 0; round < 2; round++) {
      var future = later(reactor);
      for (var wait : new Runnable[] {future::join, future.thenApply(x -> x)::join}) {
        var refused = assertThrows(IllegalStateException.class, wait::run);
        assertTrue(refused.getMessage().contains("runUntil(future::isDone)"), refused::getMessage);
      }
      assertThrows(IllegalStateException.class, future::get);
      assertThrows(IllegalStateException.class, () -> future.get(1, TimeUnit.SECONDS));
      assertThrows(
          IllegalStateException.class,
          () -> reactor.blockingCallFromThread(() -> new Deferred<String>()));
      assertEquals("after half a minute", reactor.await(future));
    }
  }

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void aTestOnAThreadOfItsOwnDrivesTheReactorThere(MemoryReactor reactor) {
    var future = later(reactor);
    assertThrows(IllegalStateException.class, future::join);
    assertEquals("after half a minute", reactor.await(future));
  }

  /** The JDK's future refuses nothing, but the futures that it is made of are failed. */
  @Test
  void joinOfAllOfDoesNotHang(MemoryReactor reactor) {
    reactor.clock().setPatience(Duration.ofMillis(100));
    reactor.flush();
    var one = later(reactor);
    var other = later(reactor);
    var both = CompletableFuture.allOf(one, other);
    var failure = assertThrows(CompletionException.class, both::join).getCause();
    assertInstanceOf(IllegalStateException.class, failure);
    assertTrue(failure.getMessage().contains("runUntil(future::isDone)"), failure::getMessage);
    assertTrue(failure.getMessage().contains("DrivingTest.java"), failure::getMessage);
    assertTrue(one.isCompletedExceptionally() && other.isCompletedExceptionally());
    reactor.runFor(Duration.ofMinutes(1));
  }

  @Test
  void timeStandsStillWhileAnotherThreadIsAtWork(MemoryReactor reactor) {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    reactor.callLater(10, TimeUnit.MINUTES, () -> {});
    var work =
        CompletableFuture.supplyAsync(
            () -> {
              begun.countDown();
              awaitWithin(mayEnd, 20_000);
              return "done";
            });
    awaitWithin(begun, 20_000);
    // The work ends a while after the test has begun to wait.
    // Not by the common pool: its only thread may be the one that is at work.
    CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS, Runnable::run)
        .execute(mayEnd::countDown);
    assertEquals("done", reactor.await(work));
    assertEquals(Duration.ZERO, reactor.clock().elapsed());
    reactor.runFor(Duration.ofMinutes(10));
  }

  @Test
  void workThatDoesNotEndIsNamed(MemoryReactor reactor) {
    reactor.clock().setPatience(Duration.ofMillis(50));
    var mayEnd = new CountDownLatch(1);
    var begun = new CountDownLatch(1);
    var thread =
        new Thread(
            () -> {
              begun.countDown();
              awaitWithin(mayEnd, 20_000);
            },
            "stubborn");
    thread.start();
    awaitWithin(begun, 20_000);
    try {
      var never = new CompletableFuture<String>();
      var failure = assertThrows(AssertionError.class, () -> reactor.await(never));
      assertTrue(failure.getMessage().contains("\"stubborn\" at"), failure::getMessage);
      assertTrue(failure.getMessage().contains("DrivingTest.java"), failure::getMessage);
      failure = assertThrows(AssertionError.class, () -> reactor.runUntil(() -> false));
      assertTrue(failure.getMessage().contains("\"stubborn\" at"), failure::getMessage);
    } finally {
      mayEnd.countDown();
    }
  }

  private static void awaitWithin(CountDownLatch latch, long millis) {
    try {
      assertTrue(latch.await(millis, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
