// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferreds;
import dev.torsion.service.Service;
import java.util.concurrent.CompletableFuture;

/**
 * A service from the moment in which it is asked for, which may be stopped before it has started.
 */
final class KeptService {
  private final Loop loop;
  private final CompletableFuture<StartedService> started;

  KeptService(Loop loop, ServiceGroup services, Service service) {
    this.loop = loop;
    started = services.add(service);
  }

  CompletableFuture<Void> stop() {
    return loop.future(
            () -> {
              started.cancel(false);
              return Deferreds.succeed(null);
            })
        .thenCompose(ignored -> started.handle((running, error) -> running))
        .thenCompose(
            running ->
                running == null ? CompletableFuture.<Void>completedFuture(null) : running.stop());
  }
}
