// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results as files. */
final class Report {
  private Report() {}

  /**
   * @param nanos what JMH has measured, by name
   * @param idle what an idle connection costs
   * @param gains what a second loop brings
   * @param remote what a call of the other side costs
   * @param clients what a request costs a client of HTTP
   * @param missing who could not be measured, and why
   */
  static void write(
      Path directory,
      List<Standing> standings,
      Map<String, Double> nanos,
      List<Idle.Cost> idle,
      List<Scaling.Gain> gains,
      List<RemoteCalls.Cost> remote,
      List<HttpClientCosts.Cost> clients,
      Map<Contender, String> missing)
      throws IOException {
    Files.createDirectories(directory);
    var report = new LinkedHashMap<String, Object>();
    report.put("processor", Machine.processor());
    report.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    report.put("java", Runtime.version().toString());
    report.put("pinned", Machine.CAN_PIN);
    report.put("results", standings.stream().flatMap(s -> s.results().stream()).toList());
    report.put("ratios", standings.stream().flatMap(s -> s.ratios().stream()).toList());
    report.put("nanos", nanos);
    report.put("idle", idle);
    report.put("group", gains);
    report.put("remote", remote);
    report.put("httpclient", clients);
    report.put("missing", missing);
    var mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    Files.write(directory.resolve("results.json"), mapper.writeValueAsBytes(report));
    Files.writeString(directory.resolve("results.svg"), Chart.svg(standings));
    Files.writeString(directory.resolve("results.md"), markdown(standings));
  }

  /** The tables of {@code docs/performance.md}. */
  private static String markdown(List<Standing> standings) {
    var text = new StringBuilder();
    for (Standing standing : standings) {
      text.append("### ").append(standing.work().id()).append(": ").append(standing.work().title);
      text.append("\n\n| | messages/s | CPU ns/message | CPU to Netty NIO | bytes/message |\n");
      text.append("|---|---:|---:|---:|---:|\n");
      for (Result result : standing.results()) {
        text.append(
            String.format(
                Locale.ROOT,
                "| %s | %,.0f | %,.0f | %s | %s |%n",
                result.contender().server,
                result.perSecond(),
                result.cpuNanos(),
                standing.cpuRatio(result),
                result.allocatedText()));
      }
      text.append('\n');
    }
    return text.toString();
  }
}
