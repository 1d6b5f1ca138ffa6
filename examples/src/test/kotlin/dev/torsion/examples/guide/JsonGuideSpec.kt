// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.framing.Int32Codec
import dev.torsion.json.json
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.serialization.Serializable

@Serializable
data class Order(val company: String, val count: Int)

/** The Kotlin code of docs/guide/codecs.md. */
class JsonGuideSpec :
    StringSpec({
        "a value in JSON, behind its length" {
            val orders = Int32Codec().json<Order>()
            orders.encode(Order("edu", 2)).drop(4).toByteArray().decodeToString() shouldBe """{"company":"edu","count":2}"""
        }
    })
