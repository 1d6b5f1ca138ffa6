// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import dev.torsion.amp.AmpTypes;
import dev.torsion.amp.Argument;
import dev.torsion.amp.Command;

/** The command that is measured. */
final class Sum extends Command {
  static final Sum SUM = new Sum();
  final Argument<Long> a = argument("a", AmpTypes.LONG);
  final Argument<Long> b = argument("b", AmpTypes.LONG);
  final Argument<Long> total = response("total", AmpTypes.LONG);

  private Sum() {
    super("Sum");
  }
}
