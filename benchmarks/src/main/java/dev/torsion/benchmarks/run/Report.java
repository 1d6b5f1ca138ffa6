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
import java.util.Map;

/** The results as files. */
final class Report {
  private Report() {}

  static void write(Path directory, List<Standing> standings, Map<Contender, String> missing)
      throws IOException {
    Files.createDirectories(directory);
    var report = new LinkedHashMap<String, Object>();
    report.put("processor", Machine.processor());
    report.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    report.put("java", Runtime.version().toString());
    report.put("pinned", Machine.CAN_PIN);
    report.put("results", standings.stream().flatMap(s -> s.results().stream()).toList());
    report.put("ratios", standings.stream().flatMap(s -> s.ratios().stream()).toList());
    report.put("missing", missing);
    var mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    Files.write(directory.resolve("results.json"), mapper.writeValueAsBytes(report));
    Files.writeString(directory.resolve("results.svg"), Chart.svg(standings));
  }
}
