// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Virtual clock, network in memory, JUnit and Kotest extensions. */
module dev.torsion.testkit {
  requires transitive dev.torsion.core;
  requires static transitive org.junit.jupiter.api;
  requires jdk.net;

  exports dev.torsion.testkit;
  exports dev.torsion.testkit.contract;
  exports dev.torsion.testkit.junit;
  exports dev.torsion.testkit.kotest;
  exports dev.torsion.testkit.sweep;
}
