// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** A reactor's health, and the requests of HTTP, as Micrometer's meters. */
module dev.torsion.micrometer {
  requires transitive dev.torsion.core;
  requires transitive micrometer.core;
  requires static dev.torsion.web;

  exports dev.torsion.micrometer;
}
