// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

/** A client of HTTP under measurement, which keeps its connections. */
@FunctionalInterface
public interface BenchHttpClient {
  /** Is told of each answer, on any thread. */
  interface Listener {
    /** An answer has come, with all of its body. */
    void answered(int status, int length);

    /** None has come. */
    void failed(Throwable error);
  }

  /** Asks once. */
  void ask(Listener listener);
}
