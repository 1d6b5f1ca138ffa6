// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Input;
import dev.torsion.examples.Output;
import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Asks each line of the input and prints the answer. */
public final class LineQuestionClient {
  private final Torsion torsion;
  private final Connection<String> connection;
  private final Input input;
  private final Output out;

  private LineQuestionClient(
      Torsion torsion, Connection<String> connection, Input input, Output out) {
    this.torsion = torsion;
    this.connection = connection;
    this.input = input;
    this.out = out;
  }

  /** The future completes at the end of the input. */
  public static CompletableFuture<Void> run(
      Torsion torsion, String endpoint, Input input, Output out) {
    return torsion
        .connect(endpoint, Codecs.line())
        .thenCompose(
            connection -> {
              out.println("connected");
              return new LineQuestionClient(torsion, connection, input, out).askNext();
            });
  }

  private CompletableFuture<Void> askNext() {
    return torsion
        .future(input::readLine)
        .thenCompose(
            question -> {
              if (question == null) {
                connection.close();
                return CompletableFuture.completedFuture(null);
              }
              return connection
                  .request(question)
                  .thenAccept(answer -> out.println("the server answers: " + answer))
                  .thenCompose(printed -> askNext());
            });
  }

  public static void main(String[] args) throws Exception {
    System.exit(
        Torsion.react(
            torsion ->
                run(
                    torsion,
                    "tcp:localhost:8000",
                    Input.console(torsion.reactor()),
                    Output.CONSOLE)));
  }
}
