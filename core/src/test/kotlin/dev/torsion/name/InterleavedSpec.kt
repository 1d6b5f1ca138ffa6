// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.net.InternetAddress
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import java.net.InetAddress

class InterleavedSpec :
    StringSpec({
        fun interleavedTexts(vararg addresses: String) =
            interleaved(addresses.map { InetAddress.getByName(it) }).map { InternetAddress.of(it, 1).host }

        "the families take turns, beginning with that of the first" {
            interleavedTexts(
                "fd00::1",
                "fd00::2",
                "10.0.0.1",
                "10.0.0.2",
            ).shouldContainExactly("fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2")
            interleavedTexts("10.0.0.1", "10.0.0.2", "fd00::1").shouldContainExactly("10.0.0.1", "fd00::1", "10.0.0.2")
        }

        "what is left over of one family keeps its order" {
            interleavedTexts(
                "fd00::1",
                "10.0.0.1",
                "10.0.0.3",
                "10.0.0.2",
            ).shouldContainExactly("fd00::1", "10.0.0.1", "10.0.0.3", "10.0.0.2")
            interleavedTexts("10.0.0.2", "10.0.0.1").shouldContainExactly("10.0.0.2", "10.0.0.1")
            interleavedTexts().shouldContainExactly()
        }
    })
