// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.log.LogPublisher;
import dev.torsion.log.json.JsonLinesObserver;
import dev.torsion.testkit.CapturedLogs;
import dev.torsion.testkit.junit.TorsionExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** docs/guide/logging.md does what it says. */
@ExtendWith(TorsionExtension.class)
class LoggingGuideTest {
  @Test
  void anEventHasItsTextAndItsValues(CapturedLogs logs) {
    new ChatServer().join("ada", 7);
    new ChatServer().notSaved("log.txt", new IOException("disk full"));
    assertEquals(List.of("ada joined 7", "could not save log.txt"), logs.messages());
    assertEquals(7, logs.events().get(0).getValues().get("room"));
    assertEquals(1, logs.flushLoggedErrors(IOException.class).size());
  }

  @Test
  void eventsAreLinesOfJson(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("events");
    var file = Files.newOutputStream(path, CREATE, APPEND);
    var observer = new JsonLinesObserver(file);
    LogPublisher.global().addObserver(observer);
    try {
      new ChatServer().join("ada", 7);
    } finally {
      LogPublisher.global().removeObserver(observer);
      file.close();
    }
    assertTrue(Files.readString(path).contains("\"message\":\"ada joined 7\""), path::toString);
  }
}
