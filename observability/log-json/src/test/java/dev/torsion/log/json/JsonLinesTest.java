// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.log.Logger;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

/** JSON lines as a Java user writes and reads them. */
class JsonLinesTest {
  @Test
  void writesToAStreamAndReadsItBack() {
    var out = new ByteArrayOutputStream();
    var log = new Logger("com.example", new JsonLinesObserver(out, 10_000, Level.TRACE));
    log.info("{name} has {count}", "name", "ada", "count", 3);
    log.failure("could not save", new IOException("disk full"));
    var events = JsonLines.events(new StringReader(out.toString(StandardCharsets.UTF_8))).toList();
    assertEquals("ada has 3", events.get(0).getMessage());
    assertEquals(Map.of("name", "ada", "count", 3), events.get(0).getValues());
    var error = assertInstanceOf(LoggedException.class, events.get(1).getThrowable());
    assertEquals("java.io.IOException", error.getType());
    assertEquals("disk full", error.getMessage());
  }

  @Test
  void writesToAWriterLineByLine() {
    var out = new StringWriter();
    new Logger("com.example", new JsonLinesObserver(out)).warn("careful");
    var event = JsonLines.read(out.toString().strip());
    assertEquals(Level.WARN, event.getLevel());
    assertEquals(out.toString(), JsonLines.write(event) + "\n");
    assertThrows(IllegalArgumentException.class, () -> JsonLines.read("no JSON"));
  }
}
