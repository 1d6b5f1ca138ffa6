// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.testkit.CapturedLogs;
import dev.torsion.testkit.junit.TorsionExtension;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.event.Level;

@ExtendWith(TorsionExtension.class)
class ServerTest {
  @Test
  void refuses(CapturedLogs logs) {
    new ChatServer().refuse("10.0.0.1", new IOException("gone"));
    assertEquals("10.0.0.1 is refused", logs.single(Level.WARN).getMessage());
    logs.flushLoggedErrors(IOException.class); // was expected
  }
}
