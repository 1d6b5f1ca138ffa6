// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.readme

import dev.torsion.defer.await
import dev.torsion.framing.LineCodec
import dev.torsion.framing.serve
import dev.torsion.service.runUntilStopped
import kotlin.system.exitProcess

/** The README's server in Kotlin: answers each line in upper case. */
fun main(args: Array<String>) {
    if (args.size != 1) usage()
    val code = runUntilStopped { reactor ->
        val listening =
            reactor.serve(args[0], LineCodec()) { connection ->
                for (line in connection.incoming) connection.send(line.uppercase())
            }
        println("listening on ${listening.await().host()}")
    }
    exitProcess(code)
}

private fun usage(): Nothing {
    System.err.println("usage: KotlinServer ENDPOINT, for example tcp:8007")
    exitProcess(2)
}
