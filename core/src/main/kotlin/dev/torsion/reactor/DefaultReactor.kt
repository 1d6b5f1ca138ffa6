// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

/** Holds the program's one reactor; see [Reactor.default]. */
internal object DefaultReactor {
    private var reactor: Reactor? = null

    @Synchronized
    fun get(): Reactor = reactor ?: Reactor.create().also { reactor = it }

    @Synchronized
    fun install(candidate: Reactor) {
        reactor?.let {
            throw ReactorAlreadyInstalledException("The default reactor is $it already: install another one before its first use.")
        }
        reactor = candidate
    }
}
