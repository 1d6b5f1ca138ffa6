// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/**
 * An end of a connection that is made of pipes: standard input and output, or a process; Twisted's `PipeAddress`.
 *
 * @property name what is at this end, such as `stdio`
 */
public data class PipeAddress(public val name: String) : Address {
    override fun toString(): String = name
}
