// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.amp.AMP
import dev.torsion.defer.await
import dev.torsion.examples.kotlin.PerspectiveServer
import dev.torsion.examples.kotlin.askMath
import dev.torsion.examples.kotlin.askMathByCallbacks
import dev.torsion.examples.kotlin.askPerspective
import dev.torsion.examples.kotlin.askPerspectiveByCallbacks
import dev.torsion.examples.kotlin.databaseRows
import dev.torsion.examples.kotlin.databaseRowsByCallbacks
import dev.torsion.examples.kotlin.logins
import dev.torsion.examples.kotlin.loginsByCallbacks
import dev.torsion.examples.kotlin.mathFactory
import dev.torsion.java.Torsion
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import dev.torsion.spread.pb.PBServerFactory
import dev.torsion.spread.pb.Root
import dev.torsion.examples.java.DatabaseRows as JavaDatabaseRows
import dev.torsion.examples.java.Logins as JavaLogins
import dev.torsion.examples.java.MathClient as JavaMathClient
import dev.torsion.examples.java.MathServer as JavaMathServer
import dev.torsion.examples.java.PerspectiveClient as JavaPerspectiveClient
import dev.torsion.examples.java.PerspectiveServer as JavaPerspectiveServer

/** Stops that call the other side. */
internal fun objectStops(): List<Stop> = listOf(
    stop(
        "PerspectiveServer",
        "Perspective Broker",
        "The client calls an object of the server, gets a second one as an answer, and calls that.",
        "Java server, Kotlin client (suspend)" plays { reactor, out ->
            serving(reactor, JavaPerspectiveServer(out.of("server"))) { port ->
                askPerspective(reactor, "tcp:127.0.0.1:$port", out.of("client"))
            }
        },
        "Kotlin server, Java client (futures)" plays { reactor, out ->
            serving(reactor, PerspectiveServer(out.of("server"))) { port ->
                reactor.done(JavaPerspectiveClient.run(Torsion.on(reactor), "tcp:127.0.0.1:$port", out.of("client")))
            }
        },
        "Kotlin callbacks" plays { reactor, out ->
            serving(reactor, PerspectiveServer(out.of("server"))) { port ->
                askPerspectiveByCallbacks(reactor, "127.0.0.1", port, out.of("client")).await()
            }
        },
    ),
    stop(
        "MathServer",
        "AMP",
        "The client asks for sums and quotients by commands that both sides know; an error comes as the exception that it was.",
        "Java server, Kotlin client (suspend)" plays { reactor, out ->
            serving(reactor, Factory { AMP(JavaMathServer.responders()) }) { port ->
                askMath(reactor, "tcp:127.0.0.1:$port", out.of("client"))
            }
        },
        "Kotlin server, Java client (futures)" plays { reactor, out ->
            serving(reactor, mathFactory()) { port ->
                reactor.done(JavaMathClient.run(Torsion.on(reactor), "tcp:127.0.0.1:$port", out.of("client")))
            }
        },
        "Kotlin callbacks" plays { reactor, out ->
            serving(reactor, mathFactory()) { port ->
                askMathByCallbacks(reactor, "tcp:127.0.0.1:$port", out.of("client")).await()
            }
        },
    ),
    stop(
        "Logins",
        "Logins",
        "A portal asks a checker who somebody is, and a realm for what they may do; nobody learns what was wrong.",
        "Java futures" plays { reactor, out -> reactor.done(JavaLogins.run(Torsion.on(reactor), out)) },
        "Kotlin suspend" plays { _, out -> logins(out) },
        "Kotlin callbacks" plays { _, out -> loginsByCallbacks(out).await() },
    ),
)

/** Stops that wait for a database. */
internal fun databaseStops(): List<Stop> = listOf(
    stop(
        "DatabaseRows",
        "A database",
        "An INSERT and a SELECT in an interaction, rows as maps and as objects, and an interaction that is rolled back.",
        "Java futures" plays { reactor, out -> reactor.done(JavaDatabaseRows.run(Torsion.on(reactor), out)) },
        "Kotlin suspend" plays { reactor, out -> databaseRows(reactor, out) },
        "Kotlin callbacks" plays { reactor, out -> databaseRowsByCallbacks(reactor, out).await() },
    ),
)

private suspend fun serving(reactor: Reactor, root: Root, client: suspend (Int) -> Unit) = serving(reactor, PBServerFactory(root), client)

private suspend fun serving(reactor: Reactor, factory: Factory, client: suspend (Int) -> Unit) {
    val port = reactor.listenTcp(0, factory, "127.0.0.1")
    client(port.port())
    port.stopListening().await()
}
