// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ListeningPort
import dev.torsion.testsupport.RealTwisted

/** This module's programs of Twisted. */
internal val twisted = RealTwisted("src/test/resources/dev/torsion/framing")

/** How to connect to this port on the same machine. */
val ListeningPort.endpoint: String get() = "tcp:127.0.0.1:${port()}"
