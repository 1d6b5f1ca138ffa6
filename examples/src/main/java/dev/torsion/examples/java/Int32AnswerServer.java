// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.examples.Robot;
import dev.torsion.framing.Int32StringReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;

/**
 * Answers each string with a string, when the robot has thought about it. The strings come to
 * {@code stringReceived}: {@code dataReceived}, which the document overrides, would see half
 * strings.
 */
public final class Int32AnswerServer extends Int32StringReceiver {
  private final Robot robot;
  private final Output out;

  public Int32AnswerServer(Robot robot, Output out) {
    this.robot = robot;
    this.out = out;
  }

  @Override
  protected void stringReceived(byte[] string) {
    var question = new String(string, UTF_8);
    out.println("the client asks: " + question);
    pauseProducing(); // one question at a time: the answers keep their order
    robot
        .ask(question)
        .addCallback(
            answer -> {
              sendString(answer.getBytes(UTF_8));
              return answer;
            })
        .addErrback(
            failure -> {
              transport().abortConnection(failure.getValue());
              return "";
            })
        .addCallback(
            done -> {
              resumeProducing();
              return done;
            });
  }

  public static void main(String[] args) {
    System.exit(
        Torsion.runUntilStopped(
            torsion -> {
              var robot = Robot.of(torsion.reactor());
              return torsion.listenTcp(
                  8000, new Factory(() -> new Int32AnswerServer(robot, Output.CONSOLE)));
            }));
  }
}
