// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/** A transport, timer or Deferred was used on a thread that does not own it. */
public class WrongThreadException(message: String) : IllegalStateException(message)
