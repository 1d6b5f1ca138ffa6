// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import org.jspecify.annotations.Nullable;

/** Says in words which argument is null, at the call and not later on the reactor's thread. */
final class Given {
  private Given() {}

  /** {@code argument}, which is not null. */
  static <T> T given(@Nullable T argument, String name) {
    if (argument == null) throw new NullPointerException("the " + name + " is null");
    return argument;
  }
}
