// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** JSON in the frames of a codec. */
module dev.torsion.json {
  requires transitive dev.torsion.framing;
  requires transitive kotlinx.serialization.json;

  exports dev.torsion.json;
}
