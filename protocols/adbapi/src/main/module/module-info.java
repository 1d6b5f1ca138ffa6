// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Databases: any JDBC driver, on threads of their own. */
module dev.torsion.adbapi {
  requires transitive dev.torsion.core;
  requires transitive java.sql;
  requires com.zaxxer.hikari;
  requires kotlin.reflect;

  exports dev.torsion.adbapi;
}
