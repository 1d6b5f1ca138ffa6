// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferreds;
import dev.torsion.health.LoopHealth;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A watch over the loop's health, from {@link Torsion#watchHealth}. Closing it ends the reports.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class HealthWatch implements AutoCloseable {
  private final Loop loop;
  private final Duration period;
  private @Nullable AutoCloseable listening; // the reactor's thread only

  HealthWatch(Loop loop, Duration period, Consumer<LoopHealth> listener) {
    if (period.isNegative() || period.isZero()) {
      throw new IllegalArgumentException("a period must be positive, but " + period + " was given");
    }
    this.loop = loop;
    this.period = period;
    loop.act(
        () ->
            listening =
                loop.reactor.addHealthListener(
                    period, (reactor, health) -> listener.accept(health)));
  }

  /** Tells the listener no more. Closing it again does nothing. */
  @Override
  public void close() {
    var unused =
        loop.future(
            () -> {
              if (listening != null) listening.close();
              listening = null;
              return Deferreds.succeed(null);
            });
  }

  @Override
  public String toString() {
    return "HealthWatch(every " + period + ")";
  }
}
