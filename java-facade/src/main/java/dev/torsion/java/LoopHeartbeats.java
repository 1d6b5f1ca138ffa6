// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Heartbeats of the connection below. They begin and end on the reactor's thread. */
final class LoopHeartbeats implements Heartbeats {
  private final Loop loop;
  private volatile boolean isOver;
  private @Nullable AutoCloseable beats; // the reactor's thread only

  LoopHeartbeats(Loop loop, Supplier<AutoCloseable> begin) {
    this.loop = loop;
    loop.actIfRunning(
        () -> {
          if (!isOver) beats = begin.get();
        });
  }

  @Override
  public void close() {
    isOver = true;
    loop.actIfRunning(this::end);
  }

  private void end() {
    AutoCloseable ending = beats;
    beats = null;
    try {
      if (ending != null) ending.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
