// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.clock.DeferredTimeoutException;
import dev.torsion.clock.DelayedCall;
import dev.torsion.clock.LoopingCall;
import dev.torsion.defer.DeferredCancelledException;
import dev.torsion.defer.UnseenFutures;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Limits the time of futures, and repeats calls, by the clock of a loop. */
final class Timing {
  private final Loop loop;

  Timing(Loop loop) {
    this.loop = loop;
  }

  <T> CompletableFuture<T> timeout(CompletableFuture<T> future, Duration timeout) {
    long nanos = Loop.nanos(timeout);
    loop.actIfRunning(
        () -> {
          if (future.isDone()) return;
          DelayedCall limit =
              loop.reactor.callLater(
                  nanos,
                  TimeUnit.NANOSECONDS,
                  () -> future.completeExceptionally(new DeferredTimeoutException(timeout)));
          UnseenFutures.whenDone(future, () -> cancel(limit));
        });
    return future;
  }

  private void cancel(DelayedCall call) {
    loop.actIfRunning(
        () -> {
          if (call.isActive()) call.cancel();
        });
  }

  Repeating repeat(Duration interval, LoopingCall calls) {
    Loop.nanos(interval);
    CompletableFuture<Void> done =
        loop.futureUntilStop(
            () ->
                calls
                    .start(interval, true)
                    .addCallbacks(
                        ended -> null,
                        failure -> {
                          if (!(failure.getValue() instanceof DeferredCancelledException)) {
                            loop.report(failure.getValue());
                          }
                          return failure.get();
                        }),
            Loop.IS_ANY);
    return new Repeating(loop, calls, done);
  }
}
