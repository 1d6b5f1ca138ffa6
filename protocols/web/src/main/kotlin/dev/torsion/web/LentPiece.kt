// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.FilePieces

/**
 * Memory of [FilePieces] for [size] bytes, into which threads of the pool read. It goes back when its owner has closed it and no thread is at work
 * on it: a reactor that ends does not wait for its pool for ever, and the memory is shared with other reactors.
 *
 * Thread: any.
 */
internal class LentPiece(size: Int) : AutoCloseable {
    val buffer = FilePieces.take(size)
    private var users = 1 // the owner, and the threads

    /** Calls [work], which may use [buffer]. @throws IllegalStateException when that has gone back */
    fun <T> during(work: () -> T): T {
        synchronized(this) {
            check(users > 0) { "The piece has gone back." }
            users++
        }
        try {
            return work()
        } finally {
            leave()
        }
    }

    /** The owner uses it no more; call it once. */
    override fun close() = leave()

    private fun leave() {
        if (synchronized(this) { --users == 0 }) FilePieces.give(buffer)
    }
}
