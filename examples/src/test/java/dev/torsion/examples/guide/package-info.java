// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** The code of docs/guide, word for word. */
@NullMarked
package dev.torsion.examples.guide;

import org.jspecify.annotations.NullMarked;
