// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static dev.torsion.examples.java.MathCommands.Divide.DIVIDE;
import static dev.torsion.examples.java.MathCommands.Sum.SUM;

import dev.torsion.amp.AMP;
import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** Asks {@link MathServer}. */
public final class MathClient {
  private MathClient() {}

  /** The future completes when all is answered. */
  public static CompletableFuture<Void> run(Torsion torsion, String endpoint, Output out) {
    return AMP.connect(torsion.reactor(), endpoint)
        .thenCompose(amp -> ask(amp, out).whenComplete((asked, failed) -> amp.close()));
  }

  private static CompletableFuture<Void> ask(AMP amp, Output out) {
    return amp.call(SUM, SUM.a.of(13L), SUM.b.of(81L))
        .thenAccept(answer -> out.println("13 + 81 = " + answer.get(SUM.total)))
        .thenCompose(next -> divide(amp, 1, 4))
        .thenAccept(out::println)
        .thenCompose(next -> divide(amp, 1, 0))
        .thenAccept(out::println);
  }

  private static CompletableFuture<String> divide(AMP amp, long numerator, long denominator) {
    String question = numerator + " / " + denominator;
    return amp.call(DIVIDE, DIVIDE.numerator.of(numerator), DIVIDE.denominator.of(denominator))
        .handle(
            (answer, error) ->
                error == null
                    ? question + " = " + answer.get(DIVIDE.result)
                    : question + ": " + error.getMessage());
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, "tcp:localhost:8900", Output.CONSOLE)));
  }
}
