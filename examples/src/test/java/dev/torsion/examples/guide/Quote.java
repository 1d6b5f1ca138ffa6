// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import org.jspecify.annotations.Nullable;

/**
 * A message of the guide's quotes: a question, the answer to one, or news that nobody has asked
 * for.
 */
record Quote(char kind, int id, String text) {
  static Quote question(int id, String currency) {
    return new Quote('?', id, currency);
  }

  /** The id of the question that this answers, or null. */
  @Nullable Integer answeredId() {
    return kind == '=' ? id : null;
  }

  /** As a line: {@code =7 1.0842}. */
  static Quote parse(String line) {
    int space = line.indexOf(' ');
    return new Quote(
        line.charAt(0), Integer.parseInt(line.substring(1, space)), line.substring(space + 1));
  }

  @Override
  public String toString() {
    return kind + "" + id + " " + text;
  }
}
