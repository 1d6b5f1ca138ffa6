// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json

/** The subject of these tests' messages. */
@Serializable
data class Order(val company: String, val count: Int = 1) {
    init {
        require(count > 0) { "an order of nothing" }
    }

    companion object {
        /** Orders in the JSON of a mapper that this module knows nothing of: two functions, as for Jackson in Java. */
        val json: Content<Order> =
            Content.of({ Json.encodeToString(it).encodeToByteArray() }, { Json.decodeFromString<Order>(it.decodeToString()) })
    }
}
