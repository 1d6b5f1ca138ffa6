// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.testkit.MemoryReactor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

/** As a Java program uses it. */
class JavaUserTest {
  @Test
  void aReactorIsBoundToARegistry() {
    try (var reactor = new MemoryReactor();
        var metrics = new TorsionMetrics(reactor, "orders")) {
      var registry = new SimpleMeterRegistry();
      metrics.bindTo(registry);
      assertEquals(0, registry.get("torsion.connections").tag("reactor", "orders").gauge().value());
    }
  }
}
