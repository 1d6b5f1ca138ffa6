// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Tests of HTTP: a server whose answers the test gives, and a client of sites without sockets. */
module dev.torsion.web.testkit {
  requires transitive dev.torsion.web;
  requires transitive dev.torsion.testkit;
  requires static transitive org.junit.jupiter.api;

  exports dev.torsion.web.testkit;
  exports dev.torsion.web.testkit.junit;
}
