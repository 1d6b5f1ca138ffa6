// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi

/** Values that a callback has got and that nobody wants any more: for makers of other voices, such as the Java facade. */
@TorsionSpi
public object Undelivered {
    /**
     * Gives [value], with which a callback of [deferred] is being called, back to where it came from: an object of a queue to its queue, any
     * other to [Deferred.onUndelivered].
     *
     * Thread: the Deferred's.
     */
    @JvmStatic
    public fun <T> giveBack(deferred: Deferred<T>, value: T) {
        deferred.takeKeeper()?.undelivered(value)
    }
}
