// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.TcpOptions
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.StreamTransport
import dev.torsion.testkit.StringChannel
import dev.torsion.testkit.StringLoop
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsEngines
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsFailureListener
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsServerOptions
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine

/** A loop whose workers, and whose end, are the test's. */
@OptIn(TorsionSpi::class)
private class Loop(private val own: StringLoop = StringLoop()) : StreamLoop by own {
    val work = ArrayDeque<Runnable>()
    var refusesWork = false
    var hasEnded = false

    override val workers = Executor { if (refusesWork) throw RejectedExecutionException("no more work") else work.add(it) }

    override fun runSoon(task: Runnable): Boolean = !hasEnded && own.runSoon(task)

    fun settle() = own.settle()
}

/** One connection of a server, on a loop and a channel of the test. */
@OptIn(TorsionSpi::class)
private class Side(tls: (TlsServerOptions) -> TlsServerOptions = { it }, isBroken: Boolean = false) {
    val engines = Counted().apply { this.isBroken = isBroken }
    val loop = Loop()
    private val own = StringChannel(IPv4Address("192.0.2.1", 443), IPv4Address("192.0.2.2", 5000), TcpOptions.DEFAULT)
    val failures = ArrayList<TlsException>()
    val transport: StreamTransport = StreamTransport.over(loop, own, TcpOptions.DEFAULT.stream)

    init {
        val listener = TlsFailureListener { _, reason -> failures.add(reason) }
        val options = tls(Tls.server(IDENTITY).withEngines(engines).withFailureListener(listener))
        transport.start(options.wrap(Factory { Noting() }.apply { isNoisy = false }).buildProtocol(own.remoteAddress)!!)
    }

    fun receive(bytes: ByteArray) {
        own.arrive(bytes)
        own.deliver()
        loop.settle()
    }

    fun end() {
        transport.abortConnection()
        loop.settle()
    }

    /** Everything that waits is over: the tasks, and the end of the channel. */
    fun finish() {
        while (loop.work.isNotEmpty()) loop.work.removeFirst().run()
        loop.settle()
        own.finished()
    }
}

/** The first message of a client. */
private fun hello(): ByteArray {
    val engine = SSLContext.getDefault().createSSLEngine("localhost", 443)
    engine.useClientMode = true
    engine.beginHandshake()
    val out = ByteBuffer.allocate(engine.session.packetBufferSize)
    engine.wrap(ByteBuffer.allocate(0), out)
    return ByteArray(out.flip().remaining()).also(out::get)
}

/** An engine of a provider may hold memory that nobody else gives back: each that was made is released once. */
@OptIn(TorsionSpi::class)
class TlsEnginesSpec :
    StringSpec({
        "engines that throw when they are told are reported, and the connection goes its way" {
            TlsScene.run {
                val engines =
                    object : TlsEngines by TlsEngines.JDK {
                        override fun released(engine: SSLEngine) = throw IllegalStateException("it does not take it")
                    }
                val attempt = connect(listen(Tls.server(IDENTITY).withEngines(engines)), trusting().withEngines(engines))
                reactor.flush()
                attempt.noting!!.write("hello")
                attempt.noting!!.transport.loseConnection()
                reactor.flush()
                served.single().received shouldBe "hello"
                served.single().reason!!.isClean shouldBe true
                attempt.noting!!.reason!!.isClean shouldBe true
                reactor.network.connections shouldBe 0
                errors.map { it.message } shouldContainExactly List(2) { "it does not take it" }
                errors.clear()
            }
        }

        "engines that throw when they have made one end the connection" {
            TlsScene.run {
                val engines = Counted().apply { isBroken = true }
                val server = Tls.server(IDENTITY).withEngines(engines)
                for (port in listOf(listen(server), listen(server.withIdentity(Tls.selfSigned("other.example"))))) {
                    val attempt = connect(port)
                    reactor.flush()
                    reactor.advance(Duration.ofMinutes(1))
                    failures.removeLast().message shouldContain "no more of these"
                    (attempt.tlsFailure != null) shouldBe true
                    reactor.network.connections shouldBe 0
                }
            }
        }

        "an engine that could not be made is the reason, also when the client has spoken before that is told" {
            val side = Side(isBroken = true)
            side.receive(hello())
            side.failures.single().message shouldContain "no more of these"
        }

        "a chooser answers, and the connection ends before the engine has begun" {
            val answer = Deferred<TlsIdentity> {}
            val side = Side({ it.withIdentityChooser { answer } })
            side.receive(hello())
            answer.callback(IDENTITY)
            side.end()
            side.finish()
            side.engines.made.size shouldBe 1
            side.engines.released shouldContainExactly side.engines.made
        }

        "a chooser answers when the loop has ended" {
            val answer = Deferred<TlsIdentity> {}
            val side = Side({ it.withIdentityChooser { answer } })
            side.receive(hello())
            side.loop.hasEnded = true
            answer.callback(IDENTITY)
            side.engines.made.size shouldBe 1
            side.engines.released shouldContainExactly side.engines.made
        }

        "the connection ends while a task runs" {
            val side = Side()
            side.receive(hello())
            side.end()
            side.engines.released.size shouldBe 0 // the task has it
            side.loop.work.removeFirst().run()
            side.loop.settle()
            side.engines.released shouldContainExactly side.engines.made
        }

        "the loop ends while a task runs" {
            val side = Side()
            side.receive(hello())
            side.end()
            side.loop.hasEnded = true
            side.loop.work.removeFirst().run()
            side.engines.made.size shouldBe 1
            side.engines.released shouldContainExactly side.engines.made
        }

        "the workers take no more" {
            val side = Side()
            side.loop.refusesWork = true
            side.receive(hello())
            side.end()
            side.failures.size shouldBe 1
            side.finish()
            side.engines.made.size shouldBe 1
            side.engines.released shouldContainExactly side.engines.made
        }
    })
