// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.clock.DeferredTimeoutException;
import dev.torsion.defer.Deferred;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** {@link Torsion#timeout} is {@code orTimeout} by the reactor's clock. */
class TimeLimitsTest extends InMemory {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  @Test
  void virtualTimeEndsIt() {
    var work = new Deferred<String>(ignored -> {});
    var future = torsion.future(() -> work);
    assertSame(future, torsion.timeout(future, LIMIT));
    advance(4_999);
    assertFalse(future.isDone());
    advance(1);
    var error = failsNow(TimeoutException.class, future);
    assertEquals(LIMIT, ((DeferredTimeoutException) error).getTimeout());
    assertTrue(work.isCalled(), "the work was not given up");
  }

  @Test
  void resultInTimeCancelsTheTimer() {
    var future = torsion.timeout(torsion.deferLater(Duration.ofSeconds(1), () -> "done"), LIMIT);
    advance(1_000);
    assertEquals("done", now(future));
    assertEquals(0, reactor.delayedCalls().size());
    var cancelled = torsion.timeout(torsion.after(Duration.ofSeconds(1)), LIMIT);
    cancelled.cancel(false);
    reactor.flush();
    assertEquals(0, reactor.delayedCalls().size());
  }

  @Test
  void stageAndForeignFutureHaveLimitsToo() {
    var stage = torsion.timeout(torsion.after(Duration.ofHours(1)).thenApply(done -> 1), LIMIT);
    var foreign = torsion.timeout(new CompletableFuture<Integer>(), LIMIT);
    var done = CompletableFuture.completedFuture(1);
    assertSame(done, torsion.timeout(done, LIMIT));
    advance(5_000);
    failsNow(TimeoutException.class, stage);
    failsNow(TimeoutException.class, foreign);
    assertEquals(0, reactor.delayedCalls().size());
    assertThrows(
        IllegalArgumentException.class, () -> torsion.timeout(done, Duration.ofSeconds(-1)));
  }

  @Test
  void connectionThatComesTooLateIsClosed() {
    var server = now(torsion.serve("tcp:0", Codecs.line(), c -> {}));
    var late =
        torsion.timeout(
            torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()), Duration.ZERO);
    advance(0);
    reactor.flush();
    assertTrue(late.isDone());
    if (!late.isCompletedExceptionally()) now(late).close();
    now(server.stop());
    reactor.flush();
  }
}
