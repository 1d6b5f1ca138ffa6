// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.readme;

import static java.util.Locale.ROOT;

import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletionStage;

/** The README's server in Java: answers each line in upper case. */
public final class ShoutingServer {
  private ShoutingServer() {}

  /** Listens at the endpoint that is given. */
  public static void main(String[] args) {
    if (args.length != 1) usage();
    System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, args[0])));
  }

  static CompletionStage<?> serve(Torsion torsion, String endpoint) {
    return torsion
        .serve(endpoint, Codecs.line(), c -> c.onMessage(line -> c.send(line.toUpperCase(ROOT))))
        .thenAccept(server -> System.out.println("listening on " + server.host()));
  }

  private static void usage() {
    System.err.println("usage: ShoutingServer ENDPOINT, for example tcp:8007");
    System.exit(2);
  }
}
