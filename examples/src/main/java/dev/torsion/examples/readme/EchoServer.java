// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.readme;

import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;

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
    var torsion = Torsion.create();
    torsion
        .listen(args[0], new Factory(Echo::new))
        .thenAccept(server -> System.out.println("listening on " + server.host()));
    torsion.run();
  }
}
