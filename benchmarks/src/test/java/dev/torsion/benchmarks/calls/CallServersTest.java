// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every server answers calls rightly, which its load sees to. */
class CallServersTest {
  @ParameterizedTest
  @ValueSource(strings = {"amp", "pb", "grpc"})
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void answers(String name) throws Exception {
    int port = CallServerMain.start(name);
    for (int inFlight : new int[] {1, 100}) {
      try (var calls = Calls.open(name, port, inFlight)) {
        for (int i = 0; i < 3; i++) calls.batch();
      }
    }
  }
}
