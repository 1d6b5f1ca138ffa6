// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Logins: portals, checkers, credentials, password hashes. */
module dev.torsion.cred {
  requires transitive dev.torsion.core;
  requires org.bouncycastle.provider;

  exports dev.torsion.cred;
}
