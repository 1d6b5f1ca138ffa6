// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.benchmarks.Work;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The measuring itself; that anything is fast is not asserted here. */
class TournamentTest {
  private static final Plan SHORT = new Plan(50, 50, 50, 2, true, true);

  private static Result result(Contender contender, double... cpuNanos) {
    var windows =
        java.util.Arrays.stream(cpuNanos)
            .mapToObj(cpu -> new Window(1e9 / cpu, cpu, 0, false))
            .toList();
    return new Result(Work.LINE, contender, windows, 0, false, -1, null);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "what a process computes is read from /proc")
  @Timeout(value = 120, unit = TimeUnit.SECONDS)
  void serversInProcessesOfTheirOwnAreAskedInTurn(@TempDir Path directory) throws Exception {
    try (var tournament = new Tournament(SHORT, Set.of(Contender.CALLBACK, Contender.NETTY_NIO))) {
      for (Work work :
          List.of(Work.PP50, Work.CHURN, Work.LINE, Work.HANDSHAKES, Work.RESUMED, Work.HTTP64)) {
        var results = tournament.play(work);
        assertEquals(
            List.of(Contender.CALLBACK, Contender.NETTY_NIO),
            results.stream().map(Result::contender).toList());
        for (Result result : results) {
          assertTrue(result.cpuNanos() > 0 && result.perSecond() > 0, result::toString);
          assertTrue(result.allocated() >= 0, result::toString);
          assertEquals(work == Work.PP50, result.latencies() != null);
        }
        var standing = new Standing(work, results);
        assertEquals(1, standing.ratios().size());
        Report.write(
            directory,
            List.of(standing),
            Map.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            Map.of());
      }
    }
    assertTrue(Files.readString(directory.resolve("results.json")).contains("\"NETTY_NIO\""));
    assertTrue(Files.readString(directory.resolve("results.svg")).endsWith("</svg>\n"));
  }

  @Test
  void aRatioIsToTheBestVariantOfAPeer() {
    var standing =
        new Standing(
            Work.LINE,
            List.of(
                result(Contender.CALLBACK, 100, 900, 110), // the median counts
                result(Contender.NETTY_NIO, 220),
                result(Contender.NETTY_NIO_IDIOMATIC, 440)));
    assertEquals(
        List.of(new Standing.Ratio(Work.LINE, "callback", "netty-nio", 0.5, 2.0)),
        standing.ratios());
  }

  @Test
  void theLoadLeavesRoomForSoMuchScaling() {
    var one = List.of(new Window(500_000, 1900, 100, false)); // a core for each, and the load idles
    var two = List.of(new Window(900_000, 2000, 100, false));
    var gain = Scaling.Gain.of(Work.JSON, one, two, 2);
    assertEquals(1.8, gain.reached(), 1e-9);
    assertFalse(gain.isDisturbed());
    assertEquals(2, gain.possible(), 1e-9); // 2 cores at 2,000 ns for a message: a million
    var dear = List.of(new Window(500_000, 1900, 600, false));
    assertEquals(1.6, Scaling.Gain.of(Work.JSON, dear, two, 2).possible(), 1e-9);
    assertEquals(2, Scaling.Gain.of(Work.JSON, dear, two, 4).possible(), 1e-9);
    var busy = List.of(new Window(500_000, 1900, 1250, false)); // one thread of load, no more
    assertEquals(1.6, Scaling.Gain.of(Work.JSON, busy, two, 4).possible(), 1e-9);
  }

  @Test
  void disturbedWindowsCountOnlyWhenThereAreNoOthers() {
    var calm = new Window(500_000, 1900, 100, false);
    var disturbed = new Window(100_000, 1900, 100, true);
    var some = Scaling.Gain.of(Work.JSON, List.of(disturbed, calm, disturbed), List.of(calm), 2);
    assertEquals(1, some.reached(), 1e-9);
    var none = Scaling.Gain.of(Work.JSON, List.of(disturbed), List.of(calm), 2);
    assertTrue(none.isDisturbed());
    assertEquals(5, none.reached(), 1e-9);
  }

  @Test
  void aWorkIsMostlyDisturbedWhenThatIsSoForAServerThatCounts() {
    var calm = List.of(new Window(500_000, 1900, 100, false));
    var good = new Result(Work.JSON, Contender.CALLBACK, calm, 1, false, -1, null);
    var bad = new Result(Work.JSON, Contender.NETTY_NIO, calm, 2, false, -1, null);
    var none = new Result(Work.JSON, Contender.NETTY_NIO, calm, 0, true, -1, null);
    assertFalse(new Standing(Work.JSON, List.of(good)).isMostlyDisturbed());
    assertTrue(new Standing(Work.JSON, List.of(good, bad)).isMostlyDisturbed());
    assertTrue(new Standing(Work.JSON, List.of(good, none)).isMostlyDisturbed());
  }
}
