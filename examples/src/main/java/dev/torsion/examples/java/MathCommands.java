// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.amp.AmpTypes;
import dev.torsion.amp.Argument;
import dev.torsion.amp.Command;

/** The questions over AMP: both sides use the same. */
public final class MathCommands {
  private MathCommands() {}

  /** Adds two numbers. */
  public static final class Sum extends Command {
    public static final Sum SUM = new Sum();
    public final Argument<Long> a = argument("a", AmpTypes.LONG);
    public final Argument<Long> b = argument("b", AmpTypes.LONG);
    public final Argument<Long> total = response("total", AmpTypes.LONG);

    private Sum() {
      super("Sum");
    }
  }

  /** Divides one number by another. */
  public static final class Divide extends Command {
    public static final Divide DIVIDE = new Divide();
    public final Argument<Long> numerator = argument("numerator", AmpTypes.LONG);
    public final Argument<Long> denominator = argument("denominator", AmpTypes.LONG);
    public final Argument<Double> result = response("result", AmpTypes.FLOAT);

    private Divide() {
      super("Divide");
      error("ZERO_DIVISION", ArithmeticException.class, ArithmeticException::new);
    }
  }
}
