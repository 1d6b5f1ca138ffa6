// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessEnd;
import dev.torsion.process.ProcessProtocol;
import java.util.concurrent.CompletableFuture;

/** Has another program count words: its standard input, output and end are callbacks. */
public final class WordCount extends ProcessProtocol {
  private final Output out;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  public WordCount(Output out) {
    this.out = out;
  }

  @Override
  protected void connectionMade() {
    transport().write("one two three".getBytes(UTF_8));
    transport().closeStdin();
  }

  @Override
  public void outReceived(byte[] data) {
    out.println(new String(data, UTF_8).trim() + " words");
  }

  @Override
  public void processEnded(ProcessEnd reason) {
    out.println("exit code " + reason.getExitCode());
    ended.complete(null);
  }

  /** Runs it; completes at its end. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    var counting = new WordCount(out);
    return torsion
        .spawnProcess(counting, ProcessCommand.of("wc", "-w"))
        .thenCompose(process -> counting.ended);
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
