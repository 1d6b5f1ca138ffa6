// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.micro;

import dev.torsion.reactor.Reactor;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Calls that another thread hands to a loop: many at once, and one to a loop that sleeps. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CallsFromThreads {
  private static final int MANY = 100_000;

  /** A pair of cache lines, in ints. */
  private static final int APART = 32;

  private Reactor reactor;
  private MultiThreadIoEventLoopGroup netty;
  private Executor torsionLoop;
  private Executor nettyLoop;

  /** Starts both loops. */
  @Setup
  public void setUp() {
    reactor = Reactor.create();
    reactor.start();
    torsionLoop = reactor::callFromThread;
    netty = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    nettyLoop = netty.next();
  }

  /** Ends both loops. */
  @TearDown
  public void tearDown() throws Exception {
    reactor.stopAndJoin(Duration.ofSeconds(10));
    netty.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Torsion. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void manyTorsion() throws InterruptedException {
    many(torsionLoop);
  }

  /** Netty. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void manyNetty() throws InterruptedException {
    many(nettyLoop);
  }

  private static void many(Executor loop) throws InterruptedException {
    var done = new CountDownLatch(1);
    // The loop counts away from what the calling thread reads: a shared cache line would be what is
    // measured, in some runs and not in others.
    int[] count = new int[2 * APART];
    Runnable call =
        () -> {
          if (++count[APART] == MANY) done.countDown();
        };
    for (int i = 0; i < MANY; i++) loop.execute(call);
    done.await();
  }

  /** Torsion: there and back. */
  @Benchmark
  public void wakeUpTorsion() {
    thereAndBack(torsionLoop);
  }

  /** Netty: there and back. */
  @Benchmark
  public void wakeUpNetty() {
    thereAndBack(nettyLoop);
  }

  private static void thereAndBack(Executor loop) {
    var caller = Thread.currentThread();
    boolean[] isBack = {false};
    var lock = new Object();
    loop.execute(
        () -> {
          synchronized (lock) {
            isBack[0] = true;
          }
          LockSupport.unpark(caller);
        });
    while (true) {
      synchronized (lock) {
        if (isBack[0]) return;
      }
      LockSupport.park(lock);
    }
  }
}
