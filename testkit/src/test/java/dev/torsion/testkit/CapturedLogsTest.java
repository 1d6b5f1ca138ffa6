// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.log.Logger;
import dev.torsion.testkit.junit.TorsionExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.event.Level;

/** Captured logs as a Java user has them. */
@ExtendWith(TorsionExtension.class)
class CapturedLogsTest {
  private static final Logger log = new Logger(CapturedLogsTest.class);

  @Test
  void aTestAsksForItsLogs(CapturedLogs logs) {
    log.warn("{peer} is refused", "peer", "10.0.0.1");
    assertEquals("10.0.0.1 is refused", logs.single(Level.WARN).getMessage());
    log.failure("could not save", new IOException("disk full"));
    assertEquals("disk full", logs.failures(IOException.class).get(0).getMessage());
    assertEquals(1, logs.flushLoggedErrors(IOException.class).size());
  }

  @Test
  void aPartOfATestIsCaptured() {
    log.info("before");
    try (var logs = CapturedLogs.start()) {
      log.info("inside");
      assertEquals(List.of("inside"), logs.messages());
      assertTrue(logs.unexpectedErrors().isEmpty());
    }
  }
}
