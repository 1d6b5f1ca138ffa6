// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Address
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.process.ProcessCommand
import dev.torsion.service.ClientService
import dev.torsion.service.ProcessService
import dev.torsion.service.ProcessServiceOptions
import dev.torsion.service.ReconnectingClientFactory
import dev.torsion.service.RetryPolicy
import dev.torsion.service.StreamServerEndpointService
import dev.torsion.service.TimerService
import dev.torsion.service.backoff
import dev.torsion.testkit.VirtualClock
import dev.torsion.testkit.successResultOf
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.time.temporal.ChronoUnit
import kotlin.time.Duration.Companion.INFINITE

private fun retrying(change: (ReconnectingClientFactory) -> Unit) = inMemory { reactor ->
    var attempts = 0
    val factory =
        object : ReconnectingClientFactory(reactor, { object : Protocol() {} }) {
            override fun startedConnecting(connector: Connector) {
                attempts++
                super.startedConnecting(connector)
            }

            override fun buildProtocol(address: Address): Protocol? = null
        }
    factory.isNoisy = false
    change(factory)
    reactor.connectTcp("127.0.0.1", 9, factory)
    reactor.advance(Duration.ofDays(1))
    attempts shouldBe 1
    factory.stopTrying()
}

private fun neverRetries(policy: RetryPolicy) {
    for (attempts in listOf(1, 2, 10, 1_000_000, Int.MAX_VALUE)) (policy.delay(attempts) > halfACentury) shouldBe true
}

private fun timers(make: (VirtualClock, Runnable) -> TimerService) = onClock { clock ->
    var calls = 0
    val service = make(clock) { calls++ }
    service.startService()
    clock.advance(halfACentury)
    calls shouldBe 1
    service.stopService()
}

/** A process that ends when [lived] has passed is not started again in this half of a century. */
private fun failing(options: ProcessServiceOptions, lived: Duration = Duration.ZERO) = inMemory { reactor ->
    reactor.processes.add("worker") { process -> process.later(lived) { process.exit(1) } }
    val service = ProcessService(reactor, ProcessCommand.of("worker"), options)
    service.startService()
    reactor.flush() // the process runs, before time passes
    reactor.advance(lived)
    reactor.flush()
    reactor.advance(halfACentury)
    service.restarts shouldBe 0
    service.stopService()
    reactor.flush()
}

/** Times of services. */
internal val serviceDurations: Tries =
    mapOf(
        "service/ReconnectingClientFactory.setInitialDelay" to { time ->
            retrying {
                it.initialDelay = time
                it.maxDelay = time
            }
        },
        "service/ReconnectingClientFactory.setMaxDelay" to { time ->
            retrying {
                it.maxDelay = time
                it.factor = Double.MAX_VALUE
            }
        },
        "service/RetryPolicy.backoff" to { time -> neverRetries(RetryPolicy.backoff(time, time, 2.0, time)) },
        "service/RetryPolicy\$Companion.backoff" to { time ->
            neverRetries(RetryPolicy.backoff(time, time))
            RetryPolicy.backoff(Duration.ofSeconds(1), time).delay(Int.MAX_VALUE).isNegative shouldBe false
            (RetryPolicy.backoff(time).delay(1) in Duration.ofSeconds(60)..Duration.ofSeconds(120)) shouldBe true
        },
        "service/RetryPolicyKt.backoff (Kotlin)" to { _ ->
            neverRetries(RetryPolicy.backoff(INFINITE, INFINITE, jitter = INFINITE))
        },
        "service/TimerService.<init>" to { time -> timers { clock, call -> TimerService(clock, time, call) } },
        "service/TimerServiceKt.TimerService (Kotlin)" to { _ ->
            timers { clock, call -> TimerService(clock, INFINITE) { call.run() } }
        },
        "service/ClientService.setDrainTimeout" to { time ->
            inMemory { reactor ->
                val deaf = object : Protocol() {
                    override fun connectionMade() = transport.pauseProducing()
                }
                val sender = object : Protocol() {
                    override fun connectionMade() = transport.write(ByteArray(1 shl 20))
                }
                val forEver = TcpOptions(StreamOptions(closeTimeout = ChronoUnit.FOREVER.duration))
                val port = reactor.listenTcp(0, Factory { deaf }, "127.0.0.1")
                val endpoint = HostnameEndpoint(reactor, "127.0.0.1", port.port()).withOptions(forEver)
                val service = ClientService(endpoint, Factory { sender }, reactor)
                service.drainTimeout = time
                service.startService()
                reactor.flush()
                service.stopService()
                reactor.advance(halfACentury)
                sender.isConnected shouldBe true
                sender.transport.abortConnection()
                port.stopListening()
                reactor.flush()
            }
        },
        "service/ProcessServiceOptions.withMaxRestartDelay" to { time ->
            failing(ProcessServiceOptions.DEFAULT.withMaxRestartDelay(time).withMinRestartDelay(time))
        },
        "service/ProcessServiceOptions.withMinRestartDelay" to { time ->
            failing(ProcessServiceOptions.DEFAULT.withMaxRestartDelay(time).withMinRestartDelay(time))
        },
        "service/ProcessServiceOptions.withThreshold" to { time ->
            val never = ChronoUnit.FOREVER.duration
            failing(
                ProcessServiceOptions.DEFAULT.withThreshold(time).withMaxRestartDelay(never).withMinRestartDelay(never),
                lived = Duration.ofDays(365),
            )
        },
        "service/StreamServerEndpointService.<init>" to { time ->
            inMemory { reactor ->
                val service =
                    StreamServerEndpointService(serverFromString(reactor, "tcp:0"), Factory { object : Protocol() {} }, time)
                service.startService()
                successResultOf(service.stopService())
            }
        },
    )
