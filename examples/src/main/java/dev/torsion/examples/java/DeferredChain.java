// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.defer.Deferred;
import dev.torsion.examples.Output;

/** How a result, or a failure, goes from one callback to the next. No reactor is needed. */
public final class DeferredChain {
  private final Output out;

  private DeferredChain(Output out) {
    this.out = out;
  }

  public static void run(Output out) {
    new DeferredChain(out).run();
  }

  private void run() {
    out.println("each callback gets the result of the one before it");
    var numbers = new Deferred<Integer>();
    numbers
        .addCallback(number -> step("1", number) + 1)
        .addCallback(number -> step("2", number) + 1)
        .addCallback(number -> step("3", number));
    numbers.callback(1);

    out.println(
        "an exception goes to the next errback, and what that returns to the next callback");
    var repaired = new Deferred<Integer>();
    repaired
        .<Integer>addCallbacks(
            number -> {
              throw new IllegalStateException("step 1 went wrong with " + number);
            },
            failure -> never(failure.getValue()))
        .addCallbacks(
            this::never,
            failure -> {
              step("2, errback", failure.getValue().getMessage());
              return 3;
            })
        .addCallbacks(number -> step("3, callback", number), failure -> never(failure.getValue()));
    repaired.callback(1);

    out.println("a callback that returns a Deferred makes the chain wait for it");
    var outer = new Deferred<Integer>();
    var inner = new Deferred<Integer>();
    outer
        .addAsyncCallback(number -> inner)
        .addCallback(number -> step("after the inner one", number));
    outer.callback(0);
    out.println("waiting: " + outer.isPaused());
    inner.callback(42);
  }

  private <T> T step(String name, T result) {
    out.println("  step " + name + ": " + result);
    return result;
  }

  private Integer never(Object result) {
    throw new AssertionError("this side of the step must not run, but got " + result);
  }

  public static void main(String[] args) {
    run(Output.CONSOLE);
  }
}
