// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that answers each line with a line. */
final class Child implements AutoCloseable {
  private final Process process;
  private final BufferedReader answers;
  private final PrintStream questions;

  /** Starts {@code command} on the core {@code core}; on any, when there is no way to say so. */
  Child(List<String> command, int core) throws IOException {
    var whole = new ArrayList<String>();
    if (Machine.CAN_PIN && core != Machine.ANY_CORE) {
      whole.addAll(List.of("taskset", "-c", String.valueOf(core)));
    }
    whole.addAll(command);
    process = new ProcessBuilder(whole).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    questions = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
  }

  long pid() {
    return process.pid();
  }

  /** The next line that it prints. */
  String read() throws IOException {
    String line = answers.readLine();
    if (line == null) throw new IOException("the process has ended");
    if (line.startsWith("error ")) throw new IOException(line.substring("error ".length()));
    return line;
  }

  String ask(String question) throws IOException {
    questions.println(question);
    return read();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
