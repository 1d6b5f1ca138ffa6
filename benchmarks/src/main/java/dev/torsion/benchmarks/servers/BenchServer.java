// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.Wire;

/**
 * A server of one library. It echoes messages on a port of all interfaces until the process ends.
 */
@FunctionalInterface
public interface BenchServer {
  /** Starts it on one loop, or as near to that as the library goes; gives the port. */
  int start(Wire wire) throws Exception;
}
