// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import dev.torsion.clock.LoopingCall
import dev.torsion.clock.ManualClock
import dev.torsion.clock.callLater
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.service.TimerService
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.slf4j.event.Level
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** The library's own events, on real sockets. */
internal class LibraryEventsSpec :
    StringSpec({
        /** Runs [program] on a reactor of its own until somebody stops it; gives what it has logged. */
        fun logged(name: String, program: Reactor.() -> Unit): List<LogEvent> {
            val events = CopyOnWriteArrayList<LogEvent>()
            val observer = LogObserver { if (it.values[LogKeys.REACTOR] == name || it.values[LogKeys.FACTORY] == name) events.add(it) }
            LogPublisher.global().addObserver(observer)
            try {
                val reactor = Reactor.create(ReactorOptions(threadName = name))
                reactor.callWhenRunning { reactor.program() }
                reactor.run()
            } finally {
                LogPublisher.global().removeObserver(observer)
            }
            return events
        }

        "a reactor tells of its life, and of the errors of its callbacks" {
            val error = IllegalStateException("why")
            val events = logged("reactor-life") {
                callLater(0.milliseconds) {
                    stop()
                    throw error
                }
            }
            events.map { it.message } shouldContainExactly
                listOf("reactor-life begins to run", "reactor-life: a delayed call failed", "reactor-life has ended")
            events.map { it.level } shouldContainExactly listOf(Level.DEBUG, Level.ERROR, Level.DEBUG)
            events[1].throwable shouldBe error
            events[1].namespace shouldBe "dev.torsion.reactor.Reactor"
            events[1].values shouldBe mapOf("reactor" to "reactor-life", "context" to "a delayed call failed")
        }

        "a factory and its ports tell when they open and close, unless they are not to be noisy" {
            fun events(name: String, isNoisy: Boolean) = logged(name) {
                val factory = object : Factory({ Silent() }) {
                    override fun logPrefix() = name
                }
                factory.isNoisy = isNoisy
                listenTcp(0, factory, "127.0.0.1").stopListening().addBoth { stop() }
            }.filter { it.level == Level.INFO }

            val events = events("a-factory", isNoisy = true)
            events.map { it.format } shouldContainExactly listOf(
                "Starting factory {factory}",
                "{factory} is listening on {host}",
                "{factory} has stopped listening on {host}",
                "Stopping factory {factory}",
            )
            events[1].values.keys.toList() shouldContainExactly listOf("reactor", "factory", "host")
            events[1].message shouldStartWith "a-factory is listening on 127.0.0.1:"
            events("a-silent-factory", isNoisy = false) shouldBe emptyList()
        }

        "a client's endpoint starts its factory for each connection, which is not worth a line" {
            val name = "a-client-factory"
            val events = logged(name) {
                val port = listenTcp(0, Factory { Silent() }, "127.0.0.1")
                val factory = object : Factory({ Silent() }) {
                    override fun logPrefix() = name
                }
                clientFromString(this, "tcp:127.0.0.1:${port.port()}").connect(factory).addBoth { stop() }
            }
            events.filter { it.values[LogKeys.FACTORY] == name } shouldBe emptyList()
        }

        "a looping call that has failed says in one line that it has ended, and a timer service says so once" {
            val lines = CopyOnWriteArrayList<LogEvent>()
            val observer = LogObserver { if ("no more calls" in it.format) lines.add(it) }
            LogPublisher.global().addObserver(observer)
            try {
                val clock = ManualClock()
                val error = IllegalStateException("broken\nfor good")
                val loop = LoopingCall(clock) { throw error }
                var failure: Throwable? = null
                loop.start(Duration.ofMillis(1_500), now = false).addErrback {
                    failure = it.value
                    loop
                }
                clock.advance(2.seconds)
                failure shouldBe error
                lines.single().level shouldBe Level.WARN
                lines.single().throwable shouldBe null
                lines.single().message shouldContain "every 1.5 s, stopped) makes no more calls, since one has failed: broken\\nfor good"

                lines.clear()
                TimerService(clock, Duration.ofSeconds(1), Callable { throw error }).startService()
                lines.single().level shouldBe Level.ERROR
                lines.single().throwable shouldBe error

                lines.clear()
                val stopped = LoopingCall(clock) { }
                stopped.start(Duration.ofSeconds(1)).also { ended -> ended.addErrback { stopped } }.cancel()
                lines shouldBe emptyList()
            } finally {
                LogPublisher.global().removeObserver(observer)
            }
        }

        "an error of a protocol names both ends of its connection" {
            val error = IllegalStateException("cannot")
            val failing = Failing(error)
            val events = logged("protocol-error") {
                val port = listenTcp(0, Factory { failing }, "127.0.0.1")
                connectTcp("127.0.0.1", port.port(), Stopping(this))
            }
            val failure = events.single { it.throwable === error }
            failure.level shouldBe Level.ERROR
            failure.values["host"] shouldBe failing.transport.host().toString()
            failure.values["peer"] shouldBe failing.transport.peer().toString()
            failure.values.keys.toList() shouldContainExactly listOf("reactor", "host", "peer", "context")
            val ended = events.single {
                it.format == "The connection with {peer} has ended: {reason}" && it.values["host"] == failure.values["host"]
            }
            ended.level shouldBe Level.DEBUG
        }

        "a client that does not get through says where to, at debug" {
            val events = logged("no-server") {
                val port = listenTcp(0, Factory { Silent() }, "127.0.0.1")
                port.stopListening().addBoth {
                    connectTcp("127.0.0.1", port.port(), Stopping(this))
                }
            }
            val refused = events.single { it.format == "Could not connect to {destination}: {reason}" }
            refused.level shouldBe Level.DEBUG
            (refused.values["destination"] as String) shouldStartWith "127.0.0.1:"
        }
    })

private class Silent : Protocol()

private class Failing(private val error: Throwable) : Protocol() {
    override fun connectionMade(): Unit = throw error
}

/** Stops the reactor when its connection is lost, or does not come about. */
private class Stopping(private val reactor: Reactor) : ClientFactory() {
    override fun buildProtocol(address: Address) = Silent()

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) = reactor.stop()

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) = reactor.stop()
}
