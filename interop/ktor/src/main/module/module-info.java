// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** ktor's sockets on the reactor, and each other's code. */
module dev.torsion.ktor {
  requires transitive dev.torsion.core;
  requires transitive io.ktor.io;
  requires transitive io.ktor.network;
  requires kotlinx.io.core;

  exports dev.torsion.ktor;
}
