// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;
import dev.torsion.net.InternetAddress;
import dev.torsion.net.Protocol;

/** Says what it hears, and sends it back. */
public final class EchoServer extends Protocol {
  private final Output out;

  public EchoServer(Output out) {
    this.out = out;
  }

  @Override
  protected void connectionMade() {
    var client = (InternetAddress) transport().peer();
    out.println("a client connected from " + client.getHost());
  }

  @Override
  public void dataReceived(byte[] data) {
    out.println("the client says: " + new String(data, UTF_8));
    transport().write(data);
  }

  public static void main(String[] args) {
    System.exit(
        Torsion.runUntilStopped(
            torsion ->
                torsion
                    .listenTcp(10003, new Factory(() -> new EchoServer(Output.CONSOLE)))
                    .thenRun(
                        () -> System.out.println("the server runs, waiting for connections"))));
  }
}
