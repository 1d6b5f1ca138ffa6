// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.service.RetryPolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The random part is as long as the first delay, as in Kotlin. */
class RetryPolicyTest {
  @Test
  void theRandomPartFitsTheDelay() {
    var policies =
        new RetryPolicy[] {
          RetryPolicy.backoff(Duration.ofMillis(10)),
          RetryPolicy.backoff(Duration.ofMillis(10), Duration.ofSeconds(1)),
          RetryPolicy.backoff(Duration.ofMillis(10), Duration.ofSeconds(1), 1.5)
        };
    for (var policy : policies) {
      for (int i = 0; i < 100; i++) {
        var delay = policy.delay(1);
        assertTrue(delay.compareTo(Duration.ofMillis(15)) >= 0, delay::toString);
        assertTrue(delay.compareTo(Duration.ofMillis(25)) <= 0, delay::toString);
      }
    }
    var delay = RetryPolicy.DEFAULT.delay(1);
    assertTrue(delay.compareTo(Duration.ofMillis(2_500)) <= 0, delay::toString);
  }
}
