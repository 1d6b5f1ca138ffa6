// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Sends one message of the private protocol and prints the answer. */
public final class PrivateClient {
  private PrivateClient() {}

  /** The message of the client. */
  record Company(String company) {}

  /** The future completes when the answer has come. */
  public static CompletableFuture<Void> run(Torsion torsion, String endpoint, Output out) {
    return torsion
        .connect(endpoint, PrivateMessages.CODEC)
        .thenCompose(
            connection ->
                connection
                    .request(PrivateMessages.message(1100, new Company("oldboyedu")))
                    .thenAccept(
                        answer -> {
                          out.println("the server answers: " + PrivateMessages.describe(answer));
                          connection.close();
                        }));
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, "tcp:localhost:8000", Output.CONSOLE)));
  }
}
