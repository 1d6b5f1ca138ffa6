// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.reactor.Reactor
import java.util.concurrent.Executors

/** Where a console client gets its lines. */
fun interface Input {
    /** The next line, or null at the end. On the reactor's thread. */
    fun readLine(): Deferred<String?>

    companion object {
        /**
         * Standard input. The documents call `input()` inside callbacks, which stops the loop until somebody types; here a thread of its
         * own waits for the line. It is a daemon, since nothing can interrupt it.
         */
        @JvmStatic
        fun console(reactor: Reactor): Input {
            val reader = Executors.newSingleThreadExecutor { Thread(it, "stdin").apply { isDaemon = true } }
            return Input {
                val line = Deferred<String?>()
                reader.execute {
                    val read = runCatching { readlnOrNull() }
                    reactor.callFromThread { read.fold(line::callback, line::errback) }
                }
                line
            }
        }

        /** These [lines], then the end. */
        @JvmStatic
        fun of(vararg lines: String): Input {
            val rest = lines.iterator()
            return Input { succeed(if (rest.hasNext()) rest.next() else null) }
        }
    }
}
