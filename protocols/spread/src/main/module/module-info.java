// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Perspective Broker: objects with methods that the other side calls. */
module dev.torsion.spread {
  requires transitive dev.torsion.core;
  requires transitive dev.torsion.cred;

  exports dev.torsion.spread.banana;
  exports dev.torsion.spread.jelly;
  exports dev.torsion.spread.pb;
}
