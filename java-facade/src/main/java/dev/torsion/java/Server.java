// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.net.InternetAddress;
import dev.torsion.net.ListeningPort;
import java.util.concurrent.CompletableFuture;

/**
 * A port on which connections are accepted.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class Server implements AutoCloseable {
  private final Loop loop;
  private final ListeningPort port;
  private final InternetAddress host;

  Server(Loop loop, ListeningPort port) {
    this.loop = loop;
    this.port = port;
    this.host = port.host();
  }

  /** The number of the port: the real one where 0 was asked for. */
  public int port() {
    return host.getPort();
  }

  /** The address it listens on. */
  public InternetAddress host() {
    return host;
  }

  /**
   * Accepts no more connections; those that exist live on. The future completes when the port is
   * free again. Calling it again does nothing.
   */
  public CompletableFuture<Void> stop() {
    return loop.future(() -> port.stopListening().addCallback(done -> null));
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
