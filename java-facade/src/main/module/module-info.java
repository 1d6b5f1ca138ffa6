// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Torsion for Java: CompletableFuture, Flow and Duration. */
module dev.torsion.java {
  requires transitive dev.torsion.core;
  requires transitive dev.torsion.framing;
  requires static org.jspecify;

  exports dev.torsion.java;
}
