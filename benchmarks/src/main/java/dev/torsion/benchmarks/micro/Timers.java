// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.micro;

import dev.torsion.clock.DelayedCall;
import dev.torsion.reactor.Reactor;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A million timers that are set and then cancelled, as timeouts are: the time for each. And ten
 * thousand idle timeouts, each of which is put off ten times.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Timers {
  private static final int MANY = 1_000_000;
  private static final int IDLE = 10_000;
  private static final int REARMS = 10;

  private final long[] delays = new SplittableRandom(1).longs(MANY, 1_000, 60_000).toArray();
  private Reactor reactor;
  private ScheduledThreadPoolExecutor executor;
  private MultiThreadIoEventLoopGroup netty;

  /** Creates them; none of the timers is ever due. */
  @Setup
  public void setUp() {
    reactor = Reactor.create();
    executor = new ScheduledThreadPoolExecutor(1);
    executor.setRemoveOnCancelPolicy(true); // otherwise a cancelled timer stays until it is due
    netty = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  }

  /** Ends them. */
  @TearDown
  public void tearDown() {
    executor.shutdownNow();
    netty.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Torsion; the reactor does not run yet, so its timers belong to this thread. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void setAndCancelTorsion() {
    var calls = new DelayedCall[MANY];
    for (int i = 0; i < MANY; i++) {
      calls[i] = reactor.callLater(delays[i], TimeUnit.MILLISECONDS, Timers::nothing);
    }
    for (DelayedCall call : calls) call.cancel();
  }

  /** The JDK's. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void setAndCancelScheduledThreadPool() {
    var calls = new Future<?>[MANY];
    for (int i = 0; i < MANY; i++) {
      calls[i] = executor.schedule(Timers::nothing, delays[i], TimeUnit.MILLISECONDS);
    }
    for (Future<?> call : calls) call.cancel(false);
  }

  /** Netty's, on its loop. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void setAndCancelNetty() throws Exception {
    var loop = netty.next();
    loop.submit(
            () -> {
              var calls = new Future<?>[MANY];
              for (int i = 0; i < MANY; i++) {
                calls[i] = loop.schedule(Timers::nothing, delays[i], TimeUnit.MILLISECONDS);
              }
              for (Future<?> call : calls) call.cancel(false);
            })
        .get();
  }

  /** Torsion: a call can be put off. */
  @Benchmark
  @OperationsPerInvocation(IDLE * REARMS)
  public void rearmTorsion() {
    var calls = new DelayedCall[IDLE];
    for (int i = 0; i < IDLE; i++) {
      calls[i] = reactor.callLater(delays[i], TimeUnit.MILLISECONDS, Timers::nothing);
    }
    for (int n = 0; n < REARMS; n++) {
      for (DelayedCall call : calls) call.reset(60_000 + n, TimeUnit.MILLISECONDS);
    }
    for (DelayedCall call : calls) call.cancel();
  }

  /** The JDK's: it is cancelled and set again. */
  @Benchmark
  @OperationsPerInvocation(IDLE * REARMS)
  public void rearmScheduledThreadPool() {
    var calls = new Future<?>[IDLE];
    for (int i = 0; i < IDLE; i++) {
      calls[i] = executor.schedule(Timers::nothing, delays[i], TimeUnit.MILLISECONDS);
    }
    for (int n = 0; n < REARMS; n++) {
      for (int i = 0; i < IDLE; i++) {
        calls[i].cancel(false);
        calls[i] = executor.schedule(Timers::nothing, 60_000 + n, TimeUnit.MILLISECONDS);
      }
    }
    for (Future<?> call : calls) call.cancel(false);
  }

  private static void nothing() {}
}
