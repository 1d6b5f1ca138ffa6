// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class HttpAnswerTest {
  @Test
  void onlyTheTimeOfTheAnswerIsHidden() throws IOException {
    assertArrayEquals(answer("12:00:00"), answer("12:00:01"));
  }

  /** An answer at {@code time}, with a file that was written at twelve. */
  private static byte[] answer(String time) throws IOException {
    String text =
        "HTTP/1.1 200 OK\r\nLast-Modified: 12:00:00\r\nDate: "
            + time
            + "\r\nContent-Length: 1\r\n\r\nx";
    return HttpAnswer.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)))
        .withoutTime();
  }
}
