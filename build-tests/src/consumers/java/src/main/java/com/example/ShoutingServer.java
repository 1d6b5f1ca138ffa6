// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package com.example;

import static java.util.Locale.ROOT;

import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;

/** Answers each line in upper case. */
public final class ShoutingServer {
  private ShoutingServer() {}

  /** Listens at the endpoint that is given. */
  public static void main(String[] args) {
    var torsion = Torsion.create();
    torsion
        .serve(args[0], Codecs.line(), c -> c.onMessage(line -> c.send(line.toUpperCase(ROOT))))
        .thenAccept(server -> System.out.println("listening on " + server.host()));
    torsion.run(); // until it is stopped
  }
}
