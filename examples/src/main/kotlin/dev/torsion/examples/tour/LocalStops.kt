// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.await
import dev.torsion.endpoint.quoteStringArgument
import dev.torsion.examples.kotlin.countWords
import dev.torsion.examples.kotlin.serveUpperCase
import dev.torsion.java.Torsion
import java.nio.file.Files
import java.nio.file.Path
import dev.torsion.examples.java.UpperCaseServer as JavaUpperCaseServer
import dev.torsion.examples.java.WordCount as JavaWordCount

/** Stops that stay on the machine: UNIX sockets and processes. */
internal fun localStops(): List<Stop> = listOf(
    stop(
        "UnixSocket",
        "A UNIX socket",
        "The server in a few lines, with another string: a file with a mode and a lock in place of a port.",
        "Java server (futures), Kotlin client (suspend)" plays { reactor, out ->
            inFolder { endpoint ->
                val server = reactor.done(JavaUpperCaseServer.serve(Torsion.on(reactor), endpoint))
                upperCase(reactor, out, endpoint)
                reactor.done(server.stop())
            }
        },
        "Kotlin" plays { reactor, out ->
            inFolder { endpoint ->
                val port = serveUpperCase(reactor, "$endpoint:mode=660").await()
                upperCase(reactor, out, endpoint)
                port.stopListening().await()
            }
        },
    ),
    stop(
        "WordCount",
        "A process",
        "Another program as a protocol: its input, its output, its end.",
        "Java callbacks" plays { reactor, out -> reactor.done(JavaWordCount.run(Torsion.on(reactor), out)) },
        "Kotlin callbacks" plays { reactor, out -> countWords(reactor, out) },
    ),
)

/** Plays with the endpoint string of a socket in a folder of its own. */
private suspend fun inFolder(play: suspend (String) -> Unit) {
    val folder: Path = Files.createTempDirectory("torsion")
    try {
        play("unix:${quoteStringArgument("${folder.resolve("tour.sock")}")}")
    } finally {
        Files.delete(folder)
    }
}
