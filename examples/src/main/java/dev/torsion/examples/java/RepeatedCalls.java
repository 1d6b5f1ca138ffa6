// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Repeating;
import dev.torsion.java.Torsion;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A call that is repeated, and a delayed call that ends it. */
public final class RepeatedCalls {
  private RepeatedCalls() {}

  /** The future completes at the end. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    var ticks = new AtomicInteger();
    Repeating loop =
        torsion.every(Duration.ofMillis(200), () -> out.println("tick " + ticks.incrementAndGet()));
    torsion.callLater(
        Duration.ofMillis(500),
        () -> {
          out.println("enough");
          loop.stop();
        });
    return loop.done().thenRun(() -> out.println("the loop has ended"));
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
