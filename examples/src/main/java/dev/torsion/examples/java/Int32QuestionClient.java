// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Input;
import dev.torsion.examples.Output;
import dev.torsion.framing.Int32StringReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.net.CloseReason;
import java.util.concurrent.CompletableFuture;

/** Asks each line of the input and prints the answer. */
public final class Int32QuestionClient extends Int32StringReceiver {
  private final Input input;
  private final Output out;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private Int32QuestionClient(Input input, Output out) {
    this.input = input;
    this.out = out;
  }

  /** The future completes when the connection is over. */
  public static CompletableFuture<Void> run(
      Torsion torsion, String endpoint, Input input, Output out) {
    return torsion
        .connectProtocol(endpoint, new Int32QuestionClient(input, out))
        .thenCompose(client -> client.ended);
  }

  @Override
  protected void connectionMade() {
    out.println("connected");
    sendNext();
  }

  @Override
  protected void stringReceived(byte[] string) {
    out.println("the server answers: " + new String(string, UTF_8));
    sendNext();
  }

  @Override
  protected void connectionLost(CloseReason reason) {
    ended.complete(null);
  }

  private void sendNext() {
    input
        .readLine()
        .addCallback(
            line -> {
              if (line == null) {
                transport().loseConnection();
              } else {
                sendString(line.getBytes(UTF_8));
              }
              return line;
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
