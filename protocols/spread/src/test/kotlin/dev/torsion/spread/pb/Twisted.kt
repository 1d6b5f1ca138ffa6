// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.testsupport.RealTwisted

/** This module's programs of Twisted. */
internal val twisted = RealTwisted("src/test/python")
