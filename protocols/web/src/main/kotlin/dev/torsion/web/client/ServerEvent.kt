// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped

/**
 * One event of an [EventSource]. Immutable.
 *
 * @property type the type that the server gives it; `message` when it gives none
 * @property data its text. Lines of the server are put together with a line feed between them
 * @property id the last id that the server has given, with this event or before; empty when there was none. The source says it in
 *   `Last-Event-ID` when it asks again
 */
public class ServerEvent internal constructor(
    @get:JvmName("type") public val type: String,
    @get:JvmName("data") public val data: String,
    @get:JvmName("id") public val id: String,
) {
    override fun equals(other: Any?): Boolean = other is ServerEvent && type == other.type && data == other.data && id == other.id

    override fun hashCode(): Int = 31 * (31 * type.hashCode() + data.hashCode()) + id.hashCode()

    /** Without the data, which may be long and have secrets. */
    override fun toString(): String = "ServerEvent(${escaped(type, SHOWN)}, id=${escaped(id, SHOWN)}, ${data.length} characters)"

    private companion object {
        const val SHOWN = 80
    }
}
