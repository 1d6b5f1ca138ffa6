// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.micro;

import dev.torsion.defer.Deferred;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A result that goes through ten steps, which are added before it is there. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DeferredChain {
  private static final int STEPS = 10;

  private Integer start = 1; // no constant for the compiler

  /** Torsion. */
  @Benchmark
  public Object torsion() {
    Deferred<Integer> first = new Deferred<>();
    Deferred<Integer> last = first;
    for (int i = 0; i < STEPS; i++) last = last.addCallback(n -> n + 1);
    first.callback(start);
    return last;
  }

  /** The JDK's. */
  @Benchmark
  public Object completableFuture() {
    CompletableFuture<Integer> first = new CompletableFuture<>();
    CompletableFuture<Integer> last = first;
    for (int i = 0; i < STEPS; i++) last = last.thenApply(n -> n + 1);
    first.complete(start);
    return last;
  }

  /** Vert.x's. */
  @Benchmark
  public Object vertx() {
    return VertxChain.run(start, STEPS);
  }

  /** Netty's, which has no steps that map: each one is a promise, fulfilled by a listener. */
  @Benchmark
  public Object netty() {
    Promise<Integer> first = ImmediateEventExecutor.INSTANCE.newPromise();
    Promise<Integer> last = first;
    for (int i = 0; i < STEPS; i++) {
      Promise<Integer> next = ImmediateEventExecutor.INSTANCE.newPromise();
      last.addListener(done -> next.setSuccess((Integer) done.getNow() + 1));
      last = next;
    }
    first.setSuccess(start);
    return last;
  }
}
