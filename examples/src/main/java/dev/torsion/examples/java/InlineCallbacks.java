// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The work of {@code inlineCallbacks} with {@code yield}, by composed futures. */
public final class InlineCallbacks {
  private InlineCallbacks() {}

  /** Calling it starts it. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    out.println("step 1");
    out.println("step 2, result 1");
    return torsion
        .deferLater(Duration.ofMillis(20), () -> 2)
        .thenCompose(
            result -> {
              out.println("step 3, result " + result);
              return torsion.deferLater(Duration.ofMillis(20), InlineCallbacks::failing);
            })
        .exceptionally(error -> Integer.parseInt(error.getCause().getMessage()))
        .thenAccept(result -> out.println("step 4, result " + result + ", from the exception"));
  }

  private static int failing() {
    throw new IllegalStateException("3");
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
