// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.testkit.sweep.FaultSweep;
import org.junit.jupiter.api.Test;

/** A fault at each point of a program in futures. */
class FutureSweepTest {
  @Test
  void nothingThatGoesWrongHarmsAProgramInFutures() {
    new FaultSweep("futures", run -> new FutureProgram(run).begin()).run().throwIfWrong();
  }
}
