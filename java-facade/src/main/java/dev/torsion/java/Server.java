// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.net.Address;
import dev.torsion.net.InternetAddress;
import dev.torsion.net.ListeningPort;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A port on which connections are accepted.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class Server implements AutoCloseable {
  private final Address host;
  private final Supplier<CompletableFuture<Void>> stop;

  Server(Loop loop, ListeningPort port) {
    this(port.host(), () -> loop.future(() -> port.stopListening().addCallback(stopped -> null)));
  }

  Server(Address host, Supplier<CompletableFuture<Void>> stop) {
    this.host = host;
    this.stop = stop;
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

  /** {@link #stop()}, without waiting. */
  @Override
  public void close() {
    var unused = stop();
  }

  @Override
  public String toString() {
    return "Server(" + host + ")";
  }
}
