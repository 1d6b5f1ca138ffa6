// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.util.Locale.ROOT;

import dev.torsion.java.Codecs;
import dev.torsion.java.Datagrams;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Answers each datagram in upper case. */
public final class UpperCaseDatagrams {
  private UpperCaseDatagrams() {}

  /** The future has the port. */
  public static CompletableFuture<Datagrams<String>> serve(Torsion torsion, String endpoint) {
    return torsion
        .openDatagrams(endpoint, Codecs.raw().text())
        .thenApply(
            port -> {
              port.onDatagram(d -> port.send(d.message().toUpperCase(ROOT), d.sender()));
              return port;
            });
  }

  public static void main(String[] args) {
    var torsion = Torsion.create();
    serve(torsion, "udp:8007").thenAccept(port -> System.out.println(port + " is open"));
    torsion.run();
  }
}
