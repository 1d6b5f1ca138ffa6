// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.ScheduledCall;
import dev.torsion.java.Torsion;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** {@code callLater}: once, never since it is cancelled, and again and again. */
public final class DelayedCalls {
  private final Torsion torsion;
  private final Output out;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  private DelayedCalls(Torsion torsion, Output out) {
    this.torsion = torsion;
    this.out = out;
  }

  /** The future completes at the end. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    var calls = new DelayedCalls(torsion, out);
    out.println("begin");
    ScheduledCall never =
        torsion.callLater(Duration.ofMillis(20), () -> calls.greet("nobody", "goodbye"));
    torsion.callLater(Duration.ofMillis(30), () -> calls.greet("Ming", "hello"));
    torsion.callLater(Duration.ofMillis(40), () -> calls.tick(1));
    never.cancel();
    out.println("end: nothing was waited for");
    return calls.done;
  }

  private void greet(String name, String greeting) {
    out.println(greeting + ", " + name);
  }

  private void tick(int number) {
    out.println("tick " + number);
    if (number == 3) {
      done.complete(null);
    } else {
      torsion.callLater(Duration.ofMillis(10), () -> tick(number + 1));
    }
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
