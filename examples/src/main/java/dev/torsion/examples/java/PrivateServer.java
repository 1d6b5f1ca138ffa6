// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Thanks for each message of the private protocol. */
public final class PrivateServer {
  private PrivateServer() {}

  public static CompletableFuture<Server> serve(Torsion torsion, String endpoint, Output out) {
    return torsion.serve(
        endpoint,
        PrivateMessages.CODEC,
        connection ->
            connection.onMessage(
                message -> {
                  out.println("the client sends: " + PrivateMessages.describe(message));
                  return connection.send(PrivateMessages.message(1001, "我收到你的信息了!"));
                }));
  }

  public static void main(String[] args) {
    System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, "tcp:8000", Output.CONSOLE)));
  }
}
