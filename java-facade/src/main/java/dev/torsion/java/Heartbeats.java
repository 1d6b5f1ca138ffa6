// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

/** The heartbeats of {@link Connection#every}. Thread: any. */
public interface Heartbeats extends AutoCloseable {
  /** Sends no more of them. May be called again. */
  @Override
  void close();
}
