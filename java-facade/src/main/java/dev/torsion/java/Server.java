// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.net.Address;
import dev.torsion.net.DrainReport;
import dev.torsion.net.InternetAddress;
import dev.torsion.net.ListeningPort;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A port on which connections are accepted.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class Server implements AutoCloseable {
  private final Address host;
  private final Supplier<CompletableFuture<Void>> stop;
  private final Function<Duration, CompletableFuture<DrainReport>> drain;

  Server(Loop loop, ListeningPort port) {
    this(
        port.host(),
        () -> loop.future(() -> port.stopListening().addCallback(stopped -> null)),
        timeout -> loop.futureUntilEnd(() -> port.drain(timeout)));
  }

  Server(
      Address host,
      Supplier<CompletableFuture<Void>> stop,
      Function<Duration, CompletableFuture<DrainReport>> drain) {
    this.host = host;
    this.stop = stop;
    this.drain = drain;
  }

  /**
   * The number of the port: the real one where 0 was asked for.
   *
   * @throws IllegalStateException when it listens on something that has no number
   */
  public int port() {
    if (host instanceof InternetAddress internet) {
      return internet.getPort();
    }
    throw new IllegalStateException(host + " has no port number");
  }

  /** The address it listens on. */
  public Address host() {
    return host;
  }

  /**
   * Accepts no more connections; those that exist live on. The future completes when the port is
   * free again. Calling it again does nothing.
   */
  public CompletableFuture<Void> stop() {
    return stop.get();
  }

  /** {@link #drain(Duration)} with 10 seconds. */
  public CompletableFuture<DrainReport> drain() {
    return drain(DrainReport.DEFAULT_TIMEOUT);
  }

  /**
   * Accepts no more connections, and ends those that it has accepted. Each of them sends what was
   * written, then closes. A connection that has not sent everything after {@code timeout} is reset,
   * so that its peer does not take the cut for the end; zero resets it at once.
   *
   * <p>The future completes when the port is free and no connection is left. Its report says how
   * many connections were reset, and how many bytes were lost. Cancelling it only ends the waiting.
   * Calling it again waits for the same ends.
   *
   * @throws IllegalArgumentException when {@code timeout} is negative
   */
  public CompletableFuture<DrainReport> drain(Duration timeout) {
    Loop.nanos(timeout);
    return drain.apply(timeout);
  }

  /** {@link #drain()}, without waiting. Use {@link #stop} to let connections live on. */
  @Override
  public void close() {
    var unused = drain();
  }

  @Override
  public String toString() {
    return "Server(" + host + ")";
  }
}
