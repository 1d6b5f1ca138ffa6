// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

/** What stands behind a selection key. */
internal interface Selectable {
    /** The channel is ready for [operations], a set of `SelectionKey` bits. */
    fun ready(operations: Int)

    /** The reactor stops: ends this one at once. */
    fun reactorStopped()
}
