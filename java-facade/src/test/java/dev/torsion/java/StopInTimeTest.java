// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.log.LogEvent;
import dev.torsion.log.LogObserver;
import dev.torsion.log.LogPublisher;
import dev.torsion.loop.LoopState;
import dev.torsion.reactor.Reactors;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/**
 * The end of the time that a stop has; {@code DrainSpec} and {@code ShutdownHookSpec} have the
 * rest.
 */
class StopInTimeTest {
  @Test
  void theLogNamesTheLineOfACallBeforeTheStopThatIsWaitedForInVain() {
    var events = new ConcurrentLinkedQueue<LogEvent>();
    LogObserver observer = events::add;
    LogPublisher.global().addObserver(observer);
    try {
      var torsion = Torsion.start();
      torsion.beforeStop(() -> new CompletableFuture<Void>());
      assertTrue(Reactors.stopWithin(torsion.reactor(), Duration.ofMillis(400)));
      assertEquals(LoopState.ENDED, torsion.reactor().getState());
      torsion.close(); // which has nothing left to wait for
    } finally {
      LogPublisher.global().removeObserver(observer);
    }
    var late =
        events.stream().map(LogEvent::getMessage).filter(m -> m.contains("time of its stop"));
    assertTrue(
        late.toList()
            .toString()
            .contains("the trigger before shutdown that was added at StopInTimeTest.java:"));
  }
}
