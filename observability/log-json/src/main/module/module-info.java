// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Log events as JSON lines. */
module dev.torsion.log.json {
  requires transitive dev.torsion.core;
  requires kotlinx.serialization.json;

  exports dev.torsion.log.json;
}
