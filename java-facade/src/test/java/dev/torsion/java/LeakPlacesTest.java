// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.testkit.LeakWatch;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * A report of leftovers names the line of the user's code, also where the facade hands the work
 * over to a reactor that runs later.
 */
class LeakPlacesTest {
  private static final Pattern SITE = Pattern.compile("made at (\\w+\\.\\w+):(\\d+)");

  /**
   * The places that the report names when {@code leak} has run, before the reactor ran and after.
   */
  private static void assertNamesOurLine(Consumer<Torsion> leak) {
    for (var runsBefore : List.of(false, true)) {
      var watch = LeakWatch.begin();
      var reactor = watch.getReactor();
      var torsion = Torsion.on(reactor);
      if (runsBefore) reactor.flush();
      leak.accept(torsion);
      reactor.flush();
      var report = assertThrows(AssertionError.class, watch::end).getMessage();
      var sites = SITE.matcher(report);
      assertEquals(true, sites.find(), report);
      assertEquals("LeakPlacesTest.java", sites.group(1), report);
      assertEquals(lineOf(leak), Integer.parseInt(sites.group(2)), report);
    }
  }

  /** The line on which {@code leak} calls the facade: it is the one on which it is told a null. */
  private static int lineOf(Consumer<Torsion> leak) {
    var thrown = assertThrows(NullPointerException.class, () -> leak.accept(null));
    return thrown.getStackTrace()[0].getLineNumber();
  }

  @Test
  void aPort() {
    assertNamesOurLine(
        torsion -> torsion.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send)));
  }

  @Test
  void aConnection() {
    assertNamesOurLine(torsion -> torsion.connect("tcp:192.0.2.1:8007", Codecs.line()));
  }

  @Test
  void aTimer() {
    assertNamesOurLine(torsion -> torsion.callLater(Duration.ofSeconds(1), () -> {}));
  }

  @Test
  void aFailedFuture() {
    assertNamesOurLine(
        torsion ->
            torsion.deferToThread(
                () -> {
                  throw new IOException("nobody looks");
                }));
  }
}
