// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.clock.LoopingCall;
import java.util.concurrent.CompletableFuture;

/**
 * A call that is made again and again, from {@link Torsion#every}.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class Repeating implements AutoCloseable {
  private final Loop loop;
  private final LoopingCall calls;
  private final CompletableFuture<Void> done;

  Repeating(Loop loop, LoopingCall calls, CompletableFuture<Void> done) {
    this.loop = loop;
    this.calls = calls;
    this.done = done;
  }

  /**
   * Makes no more calls. {@link #done} completes once the one in progress, if any, has ended.
   * Stopping it again does nothing.
   */
  public void stop() {
    loop.act(
        () -> {
          if (calls.isRunning()) calls.stop();
        });
  }

  /** {@link #stop()}, without waiting. */
  @Override
  public void close() {
    stop();
  }

  /**
   * Completes when the calls have been stopped, and fails when a call has failed, which also ends
   * them. Cancelling it stops the calls, and cancels the stage of the one in progress. Always the
   * same future.
   */
  public CompletableFuture<Void> done() {
    return done;
  }

  @Override
  public String toString() {
    return "Repeating(" + calls + ")";
  }
}
