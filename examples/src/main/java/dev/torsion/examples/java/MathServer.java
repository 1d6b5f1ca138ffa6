// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static dev.torsion.examples.java.MathCommands.Divide.DIVIDE;
import static dev.torsion.examples.java.MathCommands.Sum.SUM;

import dev.torsion.amp.AMP;
import dev.torsion.amp.AmpRequest;
import dev.torsion.amp.Responders;
import dev.torsion.amp.Values;
import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;

/** Answers the commands of {@link MathCommands}. */
public final class MathServer {
  private MathServer() {}

  /** Its answers. */
  public static Responders responders() {
    return Responders.builder()
        .on(SUM, request -> Values.of(SUM.total.of(request.get(SUM.a) + request.get(SUM.b))))
        .on(DIVIDE, MathServer::divide)
        .build();
  }

  private static Values divide(AmpRequest request) {
    long denominator = request.get(DIVIDE.denominator);
    if (denominator == 0) {
      throw new ArithmeticException("division by zero");
    }
    return Values.of(DIVIDE.result.of((double) request.get(DIVIDE.numerator) / denominator));
  }

  public static void main(String[] args) {
    var factory = new Factory(() -> new AMP(responders()));
    System.exit(Torsion.runUntilStopped(torsion -> torsion.listen("tcp:8900", factory)));
  }
}
