// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** A program that knows Torsion's facade only. */
module com.example.shouting {
  requires dev.torsion.java;
}
