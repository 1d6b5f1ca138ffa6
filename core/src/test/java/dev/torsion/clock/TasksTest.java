// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** The tasks as a Java user writes them. */
class TasksTest {
  private final ManualClock clock = new ManualClock();
  private final List<Object> seen = new ArrayList<>();

  private void tick() {
    seen.add(clock.nanoTime());
  }

  @Test
  void aLoopOfAMethod() {
    LoopingCall loop = new LoopingCall(clock, this::tick);
    loop.start(Duration.ofNanos(10)).addCallback(l -> seen.add("ended"));
    clock.advance(10);
    clock.advance(10);
    assertTrue(loop.isRunning());
    assertEquals(Duration.ofNanos(10), loop.interval());
    loop.stop();
    assertEquals(List.of(0L, 10L, 20L, "ended"), seen);
  }

  @Test
  void aLoopThatWaitsForADeferred() {
    Deferred<String> gate = new Deferred<>();
    new LoopingCall(
            clock,
            () -> {
              tick();
              return gate;
            })
        .start(Duration.ofNanos(10), false);
    clock.advance(10);
    clock.advance(25);
    assertEquals(List.of(10L), seen);
    gate.callback("go");
    clock.advance(5);
    assertEquals(List.of(10L, 40L), seen);
  }

  @Test
  void aLoopThatCounts() {
    LoopingCall.withCount(clock, count -> seen.add(count)).start(Duration.ofNanos(10));
    clock.advance(35);
    assertEquals(List.of(1L, 3L), seen);
  }

  @Test
  void deferLater() {
    Clocks.deferLater(clock, Duration.ofNanos(5), () -> "late").addCallback(seen::add);
    Clocks.deferLater(clock, Duration.ofNanos(7)).addCallback(nothing -> seen.add("nothing"));
    clock.advance(10);
    assertEquals(List.of("late", "nothing"), seen);
  }

  @Test
  void addTimeout() {
    Deferred<String> silent = new Deferred<>();
    Clocks.addTimeout(silent, Duration.ofNanos(5), clock)
        .addErrback(
            failure -> {
              seen.add(failure.getValue());
              return "";
            });
    Clocks.addTimeout(
            new Deferred<String>(),
            Duration.ofNanos(5),
            clock,
            (outcome, timeout) -> outcome.isSuccess() + " " + timeout)
        .addCallback(seen::add);
    clock.advance(5);
    assertInstanceOf(TimeoutException.class, seen.get(0));
    assertEquals("false PT0.000000005S", seen.get(1));
  }

  @Test
  void cooperator() {
    Cooperator cooperator = new Cooperator(clock, Duration.ofMillis(1));
    CooperativeTask<?> task = cooperator.cooperate(List.of(1, 2, 3).iterator());
    task.whenDone().addCallback(iterator -> seen.add(iterator.hasNext()));
    clock.advance(0);
    assertEquals(List.of(false), seen);
    assertFalse(clock.delayedCalls().iterator().hasNext());
  }
}
