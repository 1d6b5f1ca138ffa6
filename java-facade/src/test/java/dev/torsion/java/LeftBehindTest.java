// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.testkit.LeakWatch;
import dev.torsion.testkit.MemoryReactor;
import org.junit.jupiter.api.Test;

class LeftBehindTest {
  @Test
  void whatIsLeftBehindIsFoundAtTheLineOfTheUser() {
    LeakWatch watch = LeakWatch.begin();
    MemoryReactor reactor = new MemoryReactor();
    Torsion torsion = Torsion.on(reactor);
    var ignored = torsion.connect("no such kind", Codecs.line());
    reactor.flush();
    var error = assertThrows(AssertionError.class, watch::end);
    assertTrue(
        error.toString().contains("made at LeftBehindTest.java:"), () -> error + " " + ignored);
  }
}
