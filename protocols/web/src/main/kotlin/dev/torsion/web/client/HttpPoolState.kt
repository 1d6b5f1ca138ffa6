// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

/**
 * The pool of an [HttpAgent] at one moment. Immutable. The numbers are read one after the other, so they may differ by what happens meanwhile.
 *
 * @property connections how many connections there are: idle, in use and in the making
 * @property idle how many of them nobody uses
 * @property waiting how many requests wait for a connection
 */
public class HttpPoolState internal constructor(
    @get:JvmName("connections") public val connections: Int,
    @get:JvmName("idle") public val idle: Int,
    @get:JvmName("waiting") public val waiting: Int,
) {
    override fun toString(): String = "HttpPoolState($connections connections, $idle idle, $waiting requests wait)"
}
