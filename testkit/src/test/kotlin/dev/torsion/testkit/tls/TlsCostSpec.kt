// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import com.sun.management.ThreadMXBean
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.listenTls
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import java.net.InetAddress
import java.nio.ByteBuffer
import java.security.KeyStore
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.SECONDS
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket
import javax.net.ssl.TrustManagerFactory

/** The cost of a record, beside that of the engine by itself. */
class TlsCostSpec :
    StringSpec({
        "a record allocates nothing of ours, and its answer is one record" {
            roundsCost(64) { engines, each ->
                each / engines shouldBeLessThan MOST_BYTES
                engines shouldBe 2.0 // one record taken, one made
            }
        }

        "the records of a large message allocate nothing of ours, and are full ones" {
            roundsCost(64 * 1024) { engines, each ->
                each / engines shouldBeLessThan MOST_BYTES
                engines shouldBeLessThan MOST_CALLS
            }
        }
    })

private const val WARM = 5_000
private const val ROUNDS = 10_000

/** For a record. Other work of the loop, such as its timers, is in it too. */
private const val MOST_BYTES = 1.0

/** Five records each way when all are full; the answers begin before the last one has come, so some are cut. */
private const val MOST_CALLS = 20.0

/** [check] gets the engine's calls and our bytes for each message there and back. */
private fun roundsCost(size: Int, check: (Double, Double) -> Unit) {
    val reactor = Reactor.create(ReactorOptions("cost"))
    reactor.start()
    try {
        rounds(reactor, size, check)
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(10))) { "$reactor does not stop" }
    }
}

private fun <T> Reactor.onLoop(work: () -> T): T = CompletableFuture<T>().also { result ->
    callFromThread { runCatching(work).onSuccess(result::complete).onFailure(result::completeExceptionally) }
}.get(20, SECONDS)

private fun rounds(reactor: Reactor, size: Int, check: (Double, Double) -> Unit) {
    val identity = TlsIdentity.selfSigned("localhost")
    val engines = MeasuredEngines()
    val echo =
        object : Protocol() {
            override fun dataReceived(view: ByteBuffer) = transport.write(view)
        }
    val port = reactor.onLoop { reactor.listenTls(0, Factory { echo }, Tls.server(identity).withEngines(engines.engines)) }
    clientOf(identity, port.port()).use { socket ->
        val message = ByteArray(size) { it.toByte() }
        val answer = ByteArray(size)

        fun rounds(count: Int) = repeat(count) {
            socket.outputStream.write(message)
            socket.inputStream.readNBytes(answer, 0, size)
        }
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
        val loop = reactor.onLoop { Thread.currentThread() }

        @Suppress("DEPRECATION")
        fun ours() = threads.getThreadAllocatedBytes(loop.id) - engines.allocated
        rounds(WARM)
        val callsBefore = reactor.onLoop { engines.calls }
        val before = reactor.onLoop { ours() }
        rounds(ROUNDS)
        val each = reactor.onLoop { ours() - before } / ROUNDS.toDouble()
        val calls = reactor.onLoop { engines.calls - callsBefore } / ROUNDS.toDouble()
        answer.contentEquals(message) shouldBe true
        check(calls, each)
    }
}

private fun clientOf(identity: TlsIdentity, port: Int): SSLSocket {
    val store = KeyStore.getInstance("PKCS12").apply {
        load(null, null)
        setCertificateEntry("server", identity.certificate)
    }
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
    val context = SSLContext.getInstance("TLSv1.3").apply { init(null, trust.trustManagers, null) }
    return context.socketFactory.createSocket(InetAddress.getLoopbackAddress(), port) as SSLSocket
}
