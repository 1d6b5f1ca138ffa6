// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.service.MultiService;
import dev.torsion.service.Service;
import java.util.concurrent.CompletableFuture;

/**
 * A service that a {@link ServiceGroup} has started.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class StartedService implements AutoCloseable {
  private final Loop loop;
  private final MultiService group;
  private final Service service;

  StartedService(Loop loop, MultiService group, Service service) {
    this.loop = loop;
    this.group = group;
    this.service = service;
  }

  /**
   * Stops the service and takes it out of its group. The future completes when the service has
   * stopped, and fails as its stop does. Stopping it again waits for the same end. When the reactor
   * ends before, it fails with {@link dev.torsion.loop.ReactorNotRunningException}.
   */
  public CompletableFuture<Void> stop() {
    return loop.futureUntilEnd(
        () ->
            (service.getParent() == group ? group.removeService(service) : service.stopService())
                .addCallback(stopped -> null));
  }

  /** {@link #stop()}, without waiting. */
  @Override
  public void close() {
    var unused = stop();
  }

  @Override
  public String toString() {
    return "StartedService(" + service + ")";
  }
}
