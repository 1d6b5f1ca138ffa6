// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.service.Service;
import java.util.concurrent.CompletionStage;

/** A {@link StageService} as the core sees it. */
final class StageServiceAdapter extends Service {
  private final Loop loop;
  private final StageService service;

  StageServiceAdapter(Loop loop, StageService service) {
    this.loop = loop;
    this.service = service;
  }

  @Override
  protected void onStart() throws Exception {
    service.start();
  }

  @Override
  protected Deferred<?> onStop() throws Exception {
    CompletionStage<?> ending = service.stop();
    return ending == null ? Deferreds.succeed(null) : Deferreds.toDeferred(ending, loop.reactor);
  }

  @Override
  public String toString() {
    return service.toString();
  }
}
