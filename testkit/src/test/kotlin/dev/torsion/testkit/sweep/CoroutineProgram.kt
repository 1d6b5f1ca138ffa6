// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.defer.DeferredLock
import dev.torsion.defer.DeferredQueue
import dev.torsion.defer.DeferredSemaphore
import dev.torsion.defer.await
import dev.torsion.defer.deferred
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.withPermit
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.reactorScope
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Coroutines of a reactor and of connections, with `inlineCallbacks`, locks, queues and time. */
internal class CoroutineProgram(private val run: SweepRun) {
    private val reactor = run.reactor
    private val lock = DeferredLock()
    private val semaphore = DeferredSemaphore(2)
    private val queue = DeferredQueue<String>(10, 10)

    fun begin() {
        reactor.callWhenRunning { run.track("main", reactor.scope.launch { main() }) }
    }

    private suspend fun main() {
        try {
            val port = run.track("listen", TCP4ServerEndpoint(reactor, PORT).listen(SweptFactory(run, "server") { Server() })).await()
            val holders = (1..3).map { run.track("holder", reactor.scope.launch { hold() }) }
            val inline = run.track("inline", inlineCallbacks { inline() }, endsWithReactor = false).addErrback { "" }
            val dispatched = run.track("dispatched", reactor.scope.deferred { inline() }).addErrback { "" }
            run.track("talk", reactor.scope.launch { talk() }).join()
            holders.forEach { it.join() }
            withTimeoutOrNull(5.seconds) { inline.await() + dispatched.await() }
            reactor.reactorScope { launch { point("in reactorScope") } }
            close(port)
        } finally {
            run.stop()
        }
    }

    private suspend fun close(port: ListeningPort) {
        run.track("stopListening", port.stopListening()).await()
    }

    private suspend fun hold() {
        lock.withPermit {
            point("holds the lock")
            delay(50.milliseconds)
        }
        semaphore.withPermit { delay(20.milliseconds) }
        check(lock.tokens + semaphore.tokens <= 3)
        queue.put("item")
    }

    private suspend fun inline(): String {
        val item = queue.get().await()
        point("has an item")
        return item
    }

    private suspend fun talk() {
        val protocol = connect() as Client
        withTimeoutOrNull(5.seconds) { protocol.answers.get().await() }
        point("has the answer")
        protocol.transport.loseConnection()
    }

    private suspend fun connect(): Protocol = try {
        val connecting = HostnameEndpoint(reactor, "server.test", PORT).connect(SweptFactory(run, "client") { Client() })
        run.track("connect", connecting).await()
    } catch (e: CancellationException) {
        run.heard(e) // else a factory that throws one would look like the end of this coroutine
        throw e
    }

    private fun point(name: String) = run.callInCoroutine(name) { }

    private inner class Server : SweptProtocol(run, "server") {
        override fun received(data: ByteArray) {
            run.track(
                "answer",
                transport.scope.launch {
                    delay(100.milliseconds)
                    transport.write(ByteArray(MUCH))
                    transport.whenWritable().await()
                    point("is writable")
                    transport.write(data)
                },
            )
        }
    }

    private inner class Client : SweptProtocol(run, "client") {
        val answers = DeferredQueue<String>(10, 10)

        override fun made() {
            run.track("asks", transport.scope.launch { transport.write("question".toByteArray()) })
        }

        override fun received(data: ByteArray) {
            if (data.last() == 'n'.code.toByte()) answers.put("answer")
        }
    }

    private companion object {
        const val PORT = 8007
        const val MUCH = 300_000
    }
}
