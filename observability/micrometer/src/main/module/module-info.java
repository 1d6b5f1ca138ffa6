// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** A reactor's health as Micrometer's meters. */
module dev.torsion.micrometer {
  requires transitive dev.torsion.core;
  requires transitive micrometer.core;

  exports dev.torsion.micrometer;
}
