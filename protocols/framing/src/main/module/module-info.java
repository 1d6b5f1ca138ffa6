// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Codecs, struct and typed connections. */
module dev.torsion.framing {
  requires transitive dev.torsion.core;

  exports dev.torsion.framing;
}
