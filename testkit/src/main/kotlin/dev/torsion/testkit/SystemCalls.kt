// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

/** Hears of each call that a [MemoryReactor] makes into what would be the JDK or the kernel, and may make it fail. */
internal fun interface SystemCalls {
    /** [name] is about to be called; what this throws is what the call throws. */
    fun calling(name: String)
}
