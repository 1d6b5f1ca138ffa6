// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual

class InlineCallbacksCostSpec :
    StringSpec({
        "a call of inlineCallbacks makes few objects, and so does a wait in it" {
            val printed = runWithoutDebug(InlineCallbacksCost::class.java, listOf("-XX:+UseSerialGC", "-Xmx256m"))
            val (called, waited) = printed.trim().split(' ').map(String::toLong)
            called shouldBeLessThanOrEqual MOST_FOR_A_CALL
            waited shouldBeLessThanOrEqual MOST_WITH_A_WAIT
        }
    }) {
    private companion object {
        // With compressed pointers. A handler on the job, or a lambda around the block, is more. The performance notebook has the figures.
        const val MOST_FOR_A_CALL = 344L
        const val MOST_WITH_A_WAIT = 720L
    }
}
