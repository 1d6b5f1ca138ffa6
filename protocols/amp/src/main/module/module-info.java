// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** AMP: commands and answers in both directions of a connection. */
module dev.torsion.amp {
  requires transitive dev.torsion.core;

  exports dev.torsion.amp;
}
