// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.micro;

import dev.torsion.net.Protocol;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A message for a coroutine that waits in {@code receive}, the same message for a callback, and the
 * resuming of a bare continuation. The cost of waiting in {@code receive} is the first less the
 * second, to be compared with the third.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Resuming {
  private final ByteBuffer message =
      ByteBuffer.allocateDirect(12).putInt(8).putLong(42).flip().asReadOnlyBuffer();
  private final long[] count = new long[1];
  private Protocol coroutine;
  private Protocol callback;
  private Receivers.Raw raw;

  /** Connects them; all on this thread. */
  @Setup
  public void setUp() {
    coroutine = Receivers.coroutine(count);
    callback = Receivers.callback(count);
    raw = new Receivers.Raw(count);
  }

  /** Decoding, and a coroutine. */
  @Benchmark
  public long receive() {
    coroutine.dataReceived(message.position(0));
    return count[0];
  }

  /** Decoding, and a callback. */
  @Benchmark
  public long callback() {
    callback.dataReceived(message.position(0));
    return count[0];
  }

  /** A coroutine alone. */
  @Benchmark
  public long rawContinuation() {
    raw.resume();
    return count[0];
  }
}
