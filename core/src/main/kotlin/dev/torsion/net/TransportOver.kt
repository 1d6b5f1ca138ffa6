// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/** A transport that stands for another one, which has the [connection]. */
internal interface TransportOver {
    val connection: Transport
}
