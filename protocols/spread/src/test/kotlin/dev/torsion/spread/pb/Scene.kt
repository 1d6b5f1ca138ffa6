// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.Outcome
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import kotlinx.coroutines.CoroutineScope

/** A server and a client of ours, in memory. */
internal class Scene(
    val reactor: MemoryReactor,
    val server: PBServerFactory,
    val client: PBClient,
    val scope: CoroutineScope,
    private val port: Int,
) {
    val root = client.root()

    /** The server's side of the connection. */
    val broker get() = server.brokers.single()

    suspend fun another(options: PBOptions = PBOptions.DEFAULT): PBClient =
        PBClient.open(clientFromString(reactor, "tcp:127.0.0.1:$port"), options).await()
}

internal fun scene(server: PBServerFactory, clientOptions: PBOptions = PBOptions.DEFAULT, block: suspend Scene.() -> Unit): Unit =
    runReactorTest {
        val port = listenTcp(0, server, "127.0.0.1")
        val client = PBClient.open(clientFromString(this, "tcp:127.0.0.1:${port.port()}"), clientOptions).await()
        Scene(this, server, client, it, port.port()).block()
        client.close()
    }

internal fun scene(
    root: RootSource,
    options: PBOptions = PBOptions.DEFAULT,
    clientOptions: PBOptions = options,
    block: suspend Scene.() -> Unit,
) = scene(PBServerFactory(root, options), clientOptions, block)

/** The result of the Deferred, if it has one. */
internal fun <T> Deferred<T>.outcome(): () -> Outcome<T>? {
    var outcome: Outcome<T>? = null
    addBoth { outcome = it }
    return { outcome }
}
