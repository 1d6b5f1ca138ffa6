// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.Outcome
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.Factory
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runReactorTest
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlin.time.Duration.Companion.milliseconds

/** A server and a client of ours, in memory. */
internal class Scene(val reactor: MemoryReactor, val client: AMP, val server: AMP, val scope: CoroutineScope)

internal fun scene(
    serves: Responders,
    answers: Responders = Responders.NONE,
    serverOptions: AmpOptions = AmpOptions.DEFAULT,
    clientOptions: AmpOptions = AmpOptions.DEFAULT,
    block: suspend Scene.() -> Unit,
): Unit = runReactorTest {
    val servers = ArrayList<AMP>()
    val port = listenTcp(0, Factory { AMP(serves, serverOptions).also(servers::add) }, "127.0.0.1")
    val client = AMP.open(clientFromString(this, "tcp:127.0.0.1:${port.port()}"), answers, clientOptions).await()
    while (servers.isEmpty()) delay(1.milliseconds)
    Scene(this, client, servers.single(), it).block()
    client.close()
}

/** One side, with the bytes of the other in the test's hands. */
internal class Alone(
    responders: Responders = Responders.NONE,
    options: AmpOptions = AmpOptions.DEFAULT,
    val transport: StringTransport = StringTransport(),
    val amp: AMP = AMP(responders, options),
) {
    init {
        transport.connect(amp)
    }

    /** The boxes that were written since this was asked last. */
    fun written(): List<AmpBox> = decodeAll(transport.value()).also { transport.clear() }

    fun receive(vararg pairs: String) = transport.receive(box(*pairs).encode())
}

/** A box with keys and values in turn. */
internal fun box(vararg pairs: String): AmpBox =
    AmpBox.builder().also { box -> pairs.asList().chunked(2) { (key, value) -> box.put(key, value) } }.build()

/** The result of the Deferred, if it has one. */
internal fun <T> Deferred<T>.outcome(): () -> Outcome<T>? {
    var outcome: Outcome<T>? = null
    addBoth { outcome = it }
    return { outcome }
}
