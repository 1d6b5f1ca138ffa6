// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.examples.Robot;
import dev.torsion.java.Codecs;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Answers each line with a line, when the robot has thought about it. */
public final class LineAnswerServer {
  private LineAnswerServer() {}

  /** With a robot that thinks by itself. */
  public static CompletableFuture<Server> serve(Torsion torsion, String endpoint, Output out) {
    return serve(torsion, endpoint, Robot.of(torsion.reactor()), out);
  }

  /**
   * The next question waits for the stage of the handler, so the answers keep their order, and a
   * hasty client has to wait.
   */
  public static CompletableFuture<Server> serve(
      Torsion torsion, String endpoint, Robot robot, Output out) {
    return torsion.serve(
        endpoint,
        Codecs.line(),
        connection ->
            connection.onMessage(
                question -> {
                  out.println("the client asks: " + question);
                  CompletableFuture<String> answer = torsion.future(() -> robot.ask(question));
                  return answer.thenCompose(connection::send);
                }));
  }

  public static void main(String[] args) {
    System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, "tcp:8000", Output.CONSOLE)));
  }
}
