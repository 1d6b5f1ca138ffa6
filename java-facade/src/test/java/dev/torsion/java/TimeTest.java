// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.loop.ReactorNotRunningException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Timers, on a clock that the test moves. */
@SuppressWarnings("FutureReturnValueIgnored")
class TimeTest extends InMemory {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private final List<Long> times = new ArrayList<>();
  private final long start = reactor.nanoTime();

  private void note() {
    times.add((reactor.nanoTime() - start) / 1_000_000);
  }

  @Test
  void aCallIsMadeOnceAndOnTime() {
    torsion.callLater(SECOND, this::note);
    reactor.flush();
    advance(999);
    assertEquals(List.of(), times);
    advance(1);
    advance(5_000);
    assertEquals(List.of(1_000L), times);
  }

  @Test
  void aCallCanBeCancelledAndMoved() {
    var cancelled = torsion.callLater(SECOND, this::note);
    var moved = torsion.callLater(SECOND, this::note);
    var delayed = torsion.callLater(SECOND, this::note);
    cancelled.cancel();
    cancelled.cancel();
    reactor.flush();
    advance(500);
    moved.reset(SECOND);
    delayed.delay(SECOND);
    advance(10_000);
    assertEquals(List.of(1_500L, 2_000L), times);
    moved.reset(SECOND);
    moved.delay(SECOND);
    moved.cancel();
    advance(10_000);
    assertEquals(2, times.size());
    assertTrue(moved.toString().contains("called"), moved.toString());
  }

  @Test
  void whatALateCallThrowsIsReported() {
    var error = new IllegalStateException("late");
    torsion.callLater(
        SECOND,
        () -> {
          throw error;
        });
    reactor.flush();
    advance(1_000);
    assertEquals(List.of(error), errors);
    errors.clear();
  }

  @Test
  void aLateResultIsAFuture() {
    var result = torsion.deferLater(SECOND, () -> "late");
    var failed =
        torsion.deferLater(
            SECOND,
            () -> {
              throw new IOException("no");
            });
    reactor.flush();
    assertFalse(result.isDone());
    advance(1_000);
    assertEquals("late", now(result));
    assertEquals("no", failsNow(IOException.class, failed).getMessage());
  }

  @Test
  void cancellingAnyStageCancelsTheTimer() {
    var after = torsion.after(SECOND);
    var stage = after.thenApply(done -> 1).thenCompose(one -> torsion.after(SECOND));
    reactor.flush();
    assertEquals(1, reactor.delayedCalls().size());
    stage.cancel(true);
    assertEquals(0, reactor.delayedCalls().size());
    assertTrue(after.isCancelled());

    var second = torsion.after(SECOND).thenCompose(done -> torsion.after(SECOND));
    reactor.flush();
    advance(1_000);
    assertEquals(1, reactor.delayedCalls().size());
    second.cancel(true);
    assertEquals(0, reactor.delayedCalls().size());
  }

  @Test
  void timesAreNotNegative() {
    var before = Duration.ofNanos(-1);
    assertThrows(IllegalArgumentException.class, () -> torsion.callLater(before, this::note));
    assertThrows(IllegalArgumentException.class, () -> torsion.after(before));
    assertThrows(IllegalArgumentException.class, () -> torsion.every(before, this::note));
    var call = torsion.callLater(SECOND, this::note);
    assertThrows(IllegalArgumentException.class, () -> call.reset(before));
    assertThrows(IllegalArgumentException.class, () -> call.delay(before));
  }

  @Test
  void forEverIsATimeToo() {
    var never = torsion.callLater(Duration.ofSeconds(Long.MAX_VALUE), this::note);
    reactor.flush();
    advance(1_000_000_000);
    assertEquals(List.of(), times);
    never.cancel();
  }

  @Test
  void repeatedCallsStandOnAGrid() {
    var ticks = torsion.every(SECOND, this::note);
    reactor.flush();
    advance(1_300);
    advance(1_000);
    assertEquals(List.of(0L, 1_000L, 2_000L), times);
    assertFalse(ticks.done().isDone());
    ticks.stop();
    ticks.stop();
    advance(10_000);
    assertEquals(3, times.size());
    now(ticks.done());
  }

  @Test
  void aRepeatedCallWaitsForItsStage() {
    var busy = new ArrayList<CompletableFuture<String>>();
    var calls =
        torsion.every(
            SECOND,
            () -> {
              note();
              busy.add(new CompletableFuture<>());
              return busy.get(busy.size() - 1);
            });
    reactor.flush();
    advance(2_500);
    assertEquals(List.of(0L), times);
    busy.get(0).complete("done");
    advance(500);
    assertEquals(List.of(0L, 3_000L), times);
    calls.stop();
    reactor.flush();
    assertFalse(calls.done().isDone());
    busy.get(1).complete("done");
    now(calls.done());
  }

  @Test
  void cancellingDoneStopsTheCallsAndTheStageInProgress() {
    var busy = new CompletableFuture<String>();
    var calls = torsion.every(SECOND, () -> busy);
    reactor.flush();
    calls.done().cancel(true);
    reactor.flush();
    assertTrue(busy.isCancelled());
    assertEquals(0, reactor.delayedCalls().size());
  }

  @Test
  void aRepeatedCallThatThrowsEndsAndIsReported() {
    var error = new IllegalStateException("no");
    var calls =
        torsion.every(
            SECOND,
            () -> {
              note();
              if (times.size() == 2) throw error;
            });
    reactor.flush();
    advance(5_000);
    assertEquals(2, times.size());
    assertSame(error, failsNow(IllegalStateException.class, calls.done()));
    assertEquals(List.of(error), errors);
    errors.clear();
  }

  @Test
  void whatWaitsForTimeFailsWhenTheReactorStops() {
    var after = torsion.after(SECOND);
    var calls = torsion.every(SECOND, this::note);
    reactor.flush();
    reactor.close();
    Results.failure(ReactorNotRunningException.class, after);
    Results.failure(ReactorNotRunningException.class, calls.done());
    Results.failure(ReactorNotRunningException.class, torsion.after(SECOND));
    assertEquals(List.of(0L), times);
  }
}
