// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/** Whether this thread waits in `System.exit` for the JVM to end. It never comes back from there. */
internal val Thread.isInSystemExit: Boolean get() = stackTrace.any { it.className == "java.lang.Shutdown" }
