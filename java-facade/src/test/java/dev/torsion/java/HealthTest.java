// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.health.LoopHealth;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How a reactor is doing, and how many threads it has. */
class HealthTest extends InMemory {
  @Test
  void healthIsToldInEachPeriodUntilTheWatchIsClosed() {
    List<LoopHealth> heard = new ArrayList<>();
    var ticks = torsion.every(Duration.ofMillis(500), () -> {});
    var watch = torsion.watchHealth(Duration.ofSeconds(1), heard::add);
    advance(3_250);
    assertEquals(3, heard.size());
    assertEquals(1, heard.get(2).getDelayedCalls());
    assertTrue(heard.get(2).getTurns() > heard.get(0).getTurns());
    watch.close();
    watch.close();
    advance(5_000);
    assertEquals(3, heard.size());
    ticks.stop();
    reactor.flush();
    assertEquals(0, reactor.health().getDelayedCalls());
    assertThrows(
        IllegalArgumentException.class, () -> torsion.watchHealth(Duration.ZERO, heard::add));
  }

  @Test
  void thePoolHasAsManyThreadsAsItIsTold() {
    try (var real = Torsion.start()) {
      Results.of(real.adjustThreadPool(0, 3));
      var three = new CyclicBarrier(3);
      Stream.generate(() -> real.deferToThread(() -> three.await(20, TimeUnit.SECONDS)))
          .limit(3)
          .toList()
          .forEach(Results::of);
      assertEquals(3, real.reactor().health().getPoolThreads());
      Results.failure(IllegalArgumentException.class, real.adjustThreadPool(2, 1));
    }
  }
}
