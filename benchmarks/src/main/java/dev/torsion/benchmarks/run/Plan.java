// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

/**
 * How long everything takes. Windows of the servers alternate, so that what else happens on the
 * machine happens to all of them.
 *
 * @param firstWarmMillis load before the first work of a server, so that its code is compiled
 * @param warmMillis load before each further work
 * @param windowMillis one measurement
 * @param rounds measurements of each server in each work
 * @param allVariants whether the slower variants of a peer are measured too
 * @param latencies whether latencies at a fixed rate are measured
 */
record Plan(
    int firstWarmMillis,
    int warmMillis,
    int windowMillis,
    int rounds,
    boolean allVariants,
    boolean latencies) {
  static final Plan FULL = new Plan(6000, 3000, 1000, 7, true, true);
  static final Plan QUICK = new Plan(2000, 700, 250, 3, false, false);

  /** How many more measurements there may be of a server whose windows were disturbed. */
  int spareRounds() {
    return rounds / 2;
  }
}
