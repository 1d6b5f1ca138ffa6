// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.testkit.LeakWatch;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * A report of leftovers names the line of the user's code, also where the facade hands the work
 * over to a reactor that runs later.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the report of those is what is tested
class LeakPlacesTest {
  private static final Pattern SITE = Pattern.compile("made at (\\w+\\.\\w+):(\\d+)");

  private int line;

  /** The line of the next statement. */
  private void nextLine() {
    line = new Throwable().getStackTrace()[1].getLineNumber() + 1;
  }

  /** The report, before the reactor has run and after, names the line behind that of nextLine. */
  private void assertNamesOurLine(Function<Torsion, Object> leak) {
    for (var runsBefore : List.of(false, true)) {
      var watch = LeakWatch.begin();
      var reactor = watch.getReactor();
      var torsion = Torsion.on(reactor);
      if (runsBefore) reactor.flush();
      assertNotNull(leak.apply(torsion));
      reactor.flush();
      var report = assertThrows(AssertionError.class, watch::end).getMessage();
      var sites = SITE.matcher(report);
      assertTrue(sites.find(), report);
      assertEquals("LeakPlacesTest.java", sites.group(1), report);
      assertEquals(line, Integer.parseInt(sites.group(2)), report);
    }
  }

  @Test
  void aPort() {
    assertNamesOurLine(
        torsion -> {
          nextLine();
          return torsion.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send));
        });
  }

  @Test
  void aConnection() {
    assertNamesOurLine(
        torsion -> {
          nextLine();
          return torsion.connect("tcp:127.0.0.1:8007", Codecs.line());
        });
  }

  @Test
  void aTimer() {
    assertNamesOurLine(
        torsion -> {
          nextLine();
          return torsion.callLater(Duration.ofSeconds(1), () -> {});
        });
  }

  @Test
  void aFailedFuture() {
    assertNamesOurLine(
        torsion -> {
          nextLine();
          return torsion.deferToThread(LeakPlacesTest::fail);
        });
  }

  private static String fail() throws IOException {
    throw new IOException("nobody looks");
  }
}
