// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.readme;

import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import java.util.concurrent.CompletionStage;

/** The README's server with callbacks. */
public final class EchoServer {
  private EchoServer() {}

  static class Echo extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(data);
    }
  }

  /** Listens at the endpoint that is given. */
  public static void main(String[] args) {
    if (args.length != 1) usage();
    System.exit(Torsion.runUntilStopped(torsion -> listen(torsion, args[0])));
  }

  static CompletionStage<?> listen(Torsion torsion, String endpoint) {
    return torsion
        .listen(endpoint, new Factory(Echo::new))
        .thenAccept(server -> System.out.println("listening on " + server.host()));
  }

  private static void usage() {
    System.err.println("usage: EchoServer ENDPOINT, for example tcp:8007");
    System.exit(2);
  }
}
