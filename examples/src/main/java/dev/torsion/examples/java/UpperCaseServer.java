// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.util.Locale.ROOT;

import dev.torsion.java.Codecs;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Answers each line in upper case. */
public final class UpperCaseServer {
  private UpperCaseServer() {}

  public static CompletableFuture<Server> serve(Torsion torsion, String endpoint) {
    return torsion.serve(
        endpoint, Codecs.line(), c -> c.onMessage(line -> c.send(line.toUpperCase(ROOT))));
  }

  public static void main(String[] args) {
    System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, "tcp:8007")));
  }
}
