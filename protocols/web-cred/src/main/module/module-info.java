// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Logins of HTTP, by a portal. */
module dev.torsion.web.cred {
  requires transitive dev.torsion.cred;
  requires transitive dev.torsion.web;

  exports dev.torsion.web.cred;
}
