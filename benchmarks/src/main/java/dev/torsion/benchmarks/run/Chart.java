// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.util.List;
import java.util.Locale;

/** The results as a picture: for each work a bar per party, the CPU of a message to Netty's. */
final class Chart {
  private static final int NAME = 110;
  private static final int WIDTH = 760;
  private static final int BAR = 14;
  private static final double MOST = 3; // a longer bar is cut

  private Chart() {}

  static String svg(List<Standing> standings) {
    var bars = new StringBuilder();
    int y = 40;
    for (Standing standing : standings) {
      var best = standing.best();
      var yardstick = best.get(Standing.YARDSTICK);
      if (yardstick == null) continue;
      bars.append(text(10, y, "bold", standing.work().title));
      y += 8;
      for (Result result : best.values()) {
        double ratio = result.cpuNanos() / yardstick.cpuNanos();
        double length = Math.min(ratio, MOST) / MOST * (WIDTH - NAME - 70);
        String colour = result.contender().isOurs() ? "#2563eb" : "#9ca3af";
        bars.append(
            String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                NAME,
                y,
                length,
                BAR - 3,
                colour));
        bars.append(text(10, y + BAR - 4, "normal", result.contender().party));
        bars.append(
            text(
                (int) (NAME + length + 6),
                y + BAR - 4,
                "normal",
                String.format(Locale.ROOT, "%.2f", ratio)));
        y += BAR;
      }
      y += 26;
    }
    return String.format(
        Locale.ROOT,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\""
            + " font-size=\"11\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n%s%s</svg>%n",
        WIDTH,
        y,
        text(10, 18, "bold", "CPU of the server per message, to Netty NIO (less is better)"),
        bars);
  }

  private static String text(int x, int y, String weight, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%d\" y=\"%d\" font-weight=\"%s\">%s</text>%n",
        x,
        y,
        weight,
        text.replace("&", "&amp;").replace("<", "&lt;"));
  }
}
