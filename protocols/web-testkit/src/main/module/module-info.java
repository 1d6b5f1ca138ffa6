// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Tests of HTTP: a server whose answers the test gives, and a client of sites without sockets. */
module dev.torsion.web.testkit {
  requires transitive dev.torsion.web;
  requires transitive dev.torsion.testkit;

  exports dev.torsion.web.testkit;
}
