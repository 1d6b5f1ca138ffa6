// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import java.io.IOException;

/** A connection on which calls are made in batches: the next when all of one are answered. */
interface Calls extends AutoCloseable {
  /** Makes the calls of one batch and waits for their answers. */
  void batch() throws IOException, InterruptedException;

  @Override
  void close() throws IOException;

  /** Opens one to {@code port}: {@code amp}, {@code pb} or {@code grpc}. */
  static Calls open(String kind, int port, int inFlight) throws IOException {
    return switch (kind) {
      case "amp" -> RawCalls.amp(port, inFlight);
      case "pb" -> RawCalls.pb(port, inFlight);
      case "grpc" -> new GrpcCalls(port, inFlight);
      default -> throw new IllegalArgumentException(kind);
    };
  }
}
