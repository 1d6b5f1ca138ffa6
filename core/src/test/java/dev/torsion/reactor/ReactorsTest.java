// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.clock.Clocks;
import dev.torsion.defer.Deferreds;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Programs as a Java user writes them. */
class ReactorsTest {
  @Test
  void reactRunsUntilTheDeferredFires() {
    assertEquals(
        0,
        Reactors.react(reactor -> Clocks.deferLater(reactor, Duration.ofMillis(1), () -> "done")));
  }

  @Test
  void reactThrowsWhatMainThrows() {
    IOException error = new IOException("no");
    assertSame(
        error,
        assertThrows(
            IOException.class,
            () ->
                Reactors.react(
                    reactor -> {
                      throw error;
                    })));
  }

  @Test
  void reactGivesTheExitCode() {
    Reactor reactor = Reactor.create();
    Reactors.stopOnShutdown(reactor, Duration.ofSeconds(1));
    assertEquals(4, Reactors.react(reactor, r -> Deferreds.fail(new ExitException(4))));
  }
}
