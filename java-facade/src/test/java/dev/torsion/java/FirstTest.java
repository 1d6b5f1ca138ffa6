// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FirstTest {
  @Test
  void theReadmeProgramWorks() throws Exception {
    List<String> seen = new ArrayList<>();
    try (var torsion = Torsion.start()) {
      var server =
          torsion
              .serve("tcp:0:interface=127.0.0.1", Codecs.line(), c -> c.onMessage(c::send))
              .join();
      var client = torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()).join();
      client.request("hello").thenAccept(seen::add).get(5, TimeUnit.SECONDS);
    }
    assertEquals(List.of("hello"), seen);
  }
}
