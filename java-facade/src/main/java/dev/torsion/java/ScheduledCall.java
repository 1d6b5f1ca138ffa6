// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.clock.DelayedCall;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call that is to be made later, from {@link Torsion#callLater}; Twisted's {@code IDelayedCall}.
 *
 * <p>Thread: all methods may be called on any thread. On another thread than the reactor's, the
 * call may be made before the reactor hears of its change. Changing a call that was made or
 * cancelled does nothing.
 */
public final class ScheduledCall {
  private final Loop loop;
  private volatile @Nullable DelayedCall call;

  ScheduledCall(Loop loop, Duration delay, Runnable action) {
    this.loop = loop;
    long nanos = Loop.nanos(delay);
    loop.act(() -> call = loop.reactor.callLater(nanos, TimeUnit.NANOSECONDS, action));
  }

  /** Takes the call back: it is not made. */
  public void cancel() {
    change(DelayedCall::cancel);
  }

  /**
   * Plans the call for {@code delay} from now, whatever was planned before. It is the cheap way to
   * re-arm a time limit.
   *
   * @throws IllegalArgumentException when {@code delay} is negative
   */
  public void reset(Duration delay) {
    given(delay, "delay");
    long nanos = Loop.nanos(delay);
    change(waiting -> waiting.reset(nanos, TimeUnit.NANOSECONDS));
  }

  /**
   * Due {@code by} later than planned.
   *
   * @throws IllegalArgumentException when {@code by} is negative
   */
  public void delay(Duration by) {
    given(by, "by");
    long nanos = Loop.nanos(by);
    change(waiting -> waiting.delay(nanos, TimeUnit.NANOSECONDS));
  }

  private void change(Consumer<DelayedCall> change) {
    loop.actIfRunning(
        () -> {
          DelayedCall waiting = call;
          if (waiting != null && waiting.isActive()) change.accept(waiting);
        });
  }

  @Override
  public String toString() {
    DelayedCall waiting = call;
    return waiting == null ? "ScheduledCall(on its way to the reactor)" : "Scheduled" + waiting;
  }
}
