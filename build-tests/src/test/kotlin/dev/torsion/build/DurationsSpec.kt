// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import dev.torsion.clock.Cooperator
import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.LoopingCall
import dev.torsion.clock.addTimeout
import dev.torsion.clock.callLater
import dev.torsion.clock.deferLater
import dev.torsion.clock.start
import dev.torsion.defer.Deferred
import dev.torsion.endpoint.ClientCreator
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.endpoint.TCP6ClientEndpoint
import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.UNIXClientEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.framing.AnswerTimeoutException
import dev.torsion.framing.ConnectionOptions
import dev.torsion.framing.CorrelationOptions
import dev.torsion.framing.FrameTimeoutException
import dev.torsion.framing.IdleTimeoutException
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.PendingAnswers
import dev.torsion.framing.RawCodec
import dev.torsion.framing.ReadIdleTimeoutException
import dev.torsion.framing.WriteIdleTimeoutException
import dev.torsion.framing.connect
import dev.torsion.framing.listen
import dev.torsion.group.ReactorGroup
import dev.torsion.java.Torsion
import dev.torsion.java.TorsionGroup
import dev.torsion.log.readable
import dev.torsion.loop.ThreadPool
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.Connector
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.DrainReport
import dev.torsion.net.DrainTimeoutException
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.KeepAlive
import dev.torsion.net.ListeningPort
import dev.torsion.net.MinimumRate
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.TimeoutMixin
import dev.torsion.net.setTimeout
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessProtocol
import dev.torsion.process.spawnProcess
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.connectUdp
import dev.torsion.reactor.resolve
import dev.torsion.reactor.stopOnShutdown
import dev.torsion.service.ClientService
import dev.torsion.service.ReconnectingClientFactory
import dev.torsion.service.RetryPolicy
import dev.torsion.service.StreamServerEndpointService
import dev.torsion.service.TimerService
import dev.torsion.service.backoff
import dev.torsion.testkit.DatagramFate
import dev.torsion.testkit.MemoryLink
import dev.torsion.testkit.MemoryProgram
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.VirtualClock
import dev.torsion.testkit.advance
import dev.torsion.testkit.connectedPair
import dev.torsion.testkit.delay
import dev.torsion.testkit.runFor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import dev.torsion.testkit.successResultOf
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsIdentityFiles
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.listenTls
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.time.temporal.ChronoUnit
import java.util.Date
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.io.path.readLines
import kotlin.time.Duration.Companion.INFINITE

/**
 * However long a time is, it means what it says: for ever. Every parameter of the public API that is a duration is given the longest there
 * are; the list is held complete by the API dumps.
 */
internal class DurationsSpec :
    FunSpec({
        test("each place where the public API takes a duration is tried here") {
            (tries.keys + givenToTheUser) shouldContainExactlyInAnyOrder takingDurations()
        }

        longest.forEach { time ->
            tries.forEach { (place, attempt) ->
                test("$place takes $time") { attempt(time) }
            }
        }
    }) {
    private companion object {
        val longest: List<Duration> =
            listOf(ChronoUnit.FOREVER.duration, Duration.ofNanos(Long.MAX_VALUE), Duration.ofSeconds(Long.MAX_VALUE / 1000))

        val halfACentury: Duration = Duration.ofDays(50 * 365)

        /** The library gives these a duration. */
        val givenToTheUser =
            setOf(
                "clock/TimeoutCallback.timedOut",
                "health/BlockedLoopListener.loopBlocked",
                "health/BlockedLoopListener.turnIsLong",
                "testkit/contract/ReactorKind.create",
            )

        val MANGLED = Regex("""-[A-Za-z0-9_]{7}$""")

        /** `package/Class.method` of each method with a duration, and `(Kotlin)` behind it when that is one of Kotlin's. */
        fun takingDurations(): Set<String> {
            val found = LinkedHashSet<String>()
            for (module in listOf(TorsionModule.CORE, TorsionModule.FRAMING, TorsionModule.JAVA_FACADE, TorsionModule.TESTKIT)) {
                var type = ""
                for (line in module.api.readLines()) {
                    if (!line.startsWith("\t")) {
                        type = line.substringAfter("class ").substringAfter("interface ").substringBefore(" ").removePrefix("dev/torsion/")
                        continue
                    }
                    val name = line.substringAfter(" fun ", "").substringBefore(" (")
                    val parameters = line.substringAfter(" (", "").substringBefore(")")
                    if (name.isEmpty() || name.endsWith("\$default") || "DefaultConstructorMarker" in parameters) continue
                    if ("Ljava/time/Duration;" in parameters) found.add("$type.$name")
                    if (MANGLED.containsMatchIn(name)) found.add("$type.${name.replace(MANGLED, "")} (Kotlin)")
                }
            }
            return found
        }

        fun onClock(use: (VirtualClock) -> Unit) = use(VirtualClock())

        /** [never] must not have happened after half a century. */
        fun onClockNever(use: (VirtualClock, never: Runnable) -> Unit) = onClock { clock ->
            var happened = 0
            use(clock) { happened++ }
            clock.advance(halfACentury)
            happened shouldBe 0
        }

        fun inMemory(use: (MemoryReactor) -> Unit) = MemoryReactor().use(use)

        /** Connects to a server of its own by the endpoint that [make] gives. */
        fun connecting(networkInterface: String = "127.0.0.1", make: (Reactor, String, Int) -> ClientEndpoint) = inMemory { reactor ->
            val port = reactor.listenTcp(0, Factory { object : Protocol() {} }, networkInterface)
            val protocol = reactor.await(make(reactor, networkInterface, port.port()).connect(Factory { object : Protocol() {} }))
            reactor.advance(halfACentury)
            protocol.isConnected shouldBe true
            protocol.transport.abortConnection()
            port.stopListening()
            reactor.flush()
        }

        fun connectTcp(timeout: Duration) = inMemory { reactor ->
            val protocol = object : Protocol() {}
            val port = reactor.listenTcp(0, Factory { object : Protocol() {} }, "127.0.0.1")
            val factory = object : ClientFactory({ protocol }) {}
            reactor.connectTcp("127.0.0.1", port.port(), factory, ConnectOptions(timeout))
            reactor.advance(halfACentury)
            protocol.isConnected shouldBe true
            protocol.transport.abortConnection()
            port.stopListening()
            reactor.flush()
        }

        /** Connects to a UNIX socket by what [connect] does. */
        fun onUnixSocket(connect: (MemoryReactor, Path) -> Deferred<Protocol>) = inMemory { reactor ->
            val path = Path.of("/run/durations.sock")
            val port = reactor.listenUnix(path, Factory { object : Protocol() {} })
            val protocol = reactor.await(connect(reactor, path))
            reactor.advance(halfACentury)
            protocol.isConnected shouldBe true
            protocol.transport.abortConnection()
            port.stopListening()
            reactor.flush()
        }

        val identity: TlsIdentity by lazy { Tls.selfSigned("localhost", "127.0.0.1") }
        val trusting: TlsClientOptions by lazy { Tls.client().withTrust(TlsTrust.of(identity)) }

        fun inHalfACentury(): Date = Date.from(Instant.now().plus(halfACentury))

        /** Connects to a server with TLS by what [connect] does. */
        fun overTls(server: TlsServerOptions = Tls.server(identity), connect: (MemoryReactor, Int) -> Deferred<Protocol>) =
            inMemory { reactor ->
                val port = reactor.listenTls(0, Factory { object : Protocol() {} }, server, "127.0.0.1")
                reactor.network.addHost("localhost", "127.0.0.1")
                val protocol = reactor.await(connect(reactor, port.port()))
                reactor.advance(halfACentury)
                protocol.isConnected shouldBe true
                protocol.transport.abortConnection()
                port.stopListening()
                reactor.flush()
            }

        fun connectTls(reactor: MemoryReactor, port: Int, tls: TlsClientOptions): Deferred<Protocol> =
            TlsClientEndpoint(reactor, "localhost", port, tls).connect(Factory { object : Protocol() {} })

        /** Files that are looked at once in half a century at most are not looked at before. */
        fun watchFiles(period: Duration) = inMemory { reactor ->
            val folder = Files.createTempDirectory("torsion")
            val files = TlsIdentityFiles(Files.writeString(folder.resolve("all.pem"), identity.toPem()))
            files.watch(reactor, period).use { reactor.advance(halfACentury) }
            reactor.flush()
        }

        fun connectUnix(reactor: MemoryReactor, path: Path, timeout: Duration): Deferred<Protocol> {
            val connected = Deferred<Protocol>()
            val clients =
                object : ClientFactory({ object : Protocol() {} }) {
                    override fun clientConnectionMade(connector: Connector, protocol: Protocol) = connected.callback(protocol)
                }
            reactor.connectUnix(path, clients, timeout)
            return connected
        }

        /** A peer that never reads lets a connection close for ever, not at once. */
        fun closing(options: StreamOptions) = inMemory { reactor ->
            val deaf = object : Protocol() {
                override fun connectionMade() = transport.pauseProducing()
            }
            val port = reactor.listenTcp(0, Factory { deaf }, "127.0.0.1")
            val endpoint = HostnameEndpoint(reactor, "127.0.0.1", port.port()).withOptions(TcpOptions(options))
            val protocol = reactor.await(endpoint.connect(Factory { object : Protocol() {} }))
            protocol.transport.write(ByteArray(1 shl 20))
            protocol.transport.loseConnection()
            reactor.advance(halfACentury)
            protocol.isConnected shouldBe true
            protocol.transport.abortConnection()
            port.stopListening()
            reactor.flush()
        }

        fun waiting(options: CorrelationOptions) {
            val clock = VirtualClock()
            val answer = PendingAnswers<Int, String>(clock, options).add(1)
            clock.advance(halfACentury)
            answer.called shouldBe false
        }

        fun idle(options: ConnectionOptions) = inMemory { reactor ->
            val port = successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec(), options) { })
            val connection = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", LineCodec(), options) }
            reactor.advance(halfACentury)
            connection.closeReason shouldBe null
            connection.abort()
            port.stopListening()
            reactor.flush()
        }

        /** A peer that has sent half a line. */
        fun unfinished(options: ConnectionOptions) = inMemory { reactor ->
            var served: MessageConnection<String>? = null
            val port = successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec(), options) { served = it })
            val client = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", RawCodec()) }
            client.write("half".encodeToByteArray())
            reactor.flush()
            reactor.advance(halfACentury)
            served!!.closeReason shouldBe null
            client.abort()
            port.stopListening()
            reactor.flush()
        }

        /** A handler at work on the last message of a peer that has ended its side. */
        fun answering(options: ConnectionOptions) = inMemory { reactor ->
            var served: MessageConnection<String>? = null
            val port =
                successResultOf(
                    reactor.listen("tcp:0:interface=127.0.0.1", LineCodec(), options) { c ->
                        served = c
                        c.onMessage { Deferred<Unit>() }
                    },
                )
            val client = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", LineCodec()) }
            client.write("question")
            client.closeWrite()
            reactor.flush()
            reactor.advance(halfACentury)
            served!!.closeReason shouldBe null
            served.abort()
            port.stopListening()
            reactor.flush()
        }

        fun beating(use: (MessageConnection<String>) -> Unit) = inMemory { reactor ->
            val port = successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec()) { c -> c.onMessage { error(it) } })
            val client = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", LineCodec()) }
            use(client)
            reactor.advance(halfACentury)
            client.abort()
            port.stopListening()
            reactor.flush()
        }

        /** A port with a connection whose peer never reads. */
        fun draining(drain: (ListeningPort) -> Deferred<DrainReport>) = inMemory { reactor ->
            val sender = object : Protocol() {
                override fun connectionMade() = transport.write(ByteArray(1 shl 20))
            }
            val deaf = object : Protocol() {
                override fun connectionMade() = transport.pauseProducing()
            }
            val forEver = TcpOptions(StreamOptions(closeTimeout = ChronoUnit.FOREVER.duration))
            val port = reactor.listenTcp(0, Factory { sender }, "127.0.0.1", options = forEver)
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { deaf })
            reactor.flush()
            val drained = drain(port)
            reactor.advance(halfACentury)
            drained.called shouldBe false
            deaf.transport.abortConnection()
            reactor.flush()
            successResultOf(drained).connections shouldBe 1
        }

        fun reactor(options: ReactorOptions = ReactorOptions(), use: (Reactor) -> Unit = {}) {
            val reactor = Reactor.create(options)
            use(reactor)
            reactor.start()
            reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
        }

        fun group(use: (ReactorGroup) -> Unit) {
            val group = ReactorGroup.create(2)
            group.start()
            use(group)
        }

        fun iterate(time: Duration) {
            val reactor = Reactor.create()
            var rang = false
            reactor.callLater(10, TimeUnit.MILLISECONDS) { rang = true }
            while (!rang) reactor.iterate(time)
            reactor.stop()
            do {
                val isRunning = reactor.iterate(time)
            } while (isRunning)
        }

        fun stopAndJoin(time: Duration) {
            val reactor = Reactor.create()
            reactor.start()
            reactor.stopAndJoin(time) shouldBe true
        }

        fun ran(options: ReactorOptions) {
            val reactor = Reactor.create(options)
            reactor.callWhenRunning(reactor::stop)
            reactor.run()
        }

        fun retrying(change: (ReconnectingClientFactory) -> Unit) = inMemory { reactor ->
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

        fun never(policy: RetryPolicy) {
            for (attempts in listOf(1, 2, 10, 1_000_000, Int.MAX_VALUE)) (policy.delay(attempts) > halfACentury) shouldBe true
        }

        fun timers(make: (VirtualClock, Runnable) -> TimerService) = onClock { clock ->
            var calls = 0
            val service = make(clock) { calls++ }
            service.startService()
            clock.advance(halfACentury)
            calls shouldBe 1
            service.stopService()
        }

        fun torsion(use: (Torsion) -> Any?) = inMemory { reactor ->
            val used = use(Torsion.on(reactor))
            reactor.advance(halfACentury)
            if (used is CompletableFuture<*>) used.isDone shouldBe false
        }

        fun never(): Nothing = throw AssertionError("this was not to happen")

        /** All that was planned for some time runs, what is never due does not, and the clock goes no further than it can. */
        fun passing(pass: VirtualClock.(MemoryReactor) -> Unit) = inMemory { reactor ->
            var rang = 0
            reactor.callLater(halfACentury.toDays(), TimeUnit.DAYS) { rang++ }
            reactor.callLater(Long.MAX_VALUE, TimeUnit.DAYS) { never() }
            reactor.clock.pass(reactor)
            rang shouldBe 1
            reactor.clock.elapsed() shouldBe VirtualClock.LAST
            reactor.clock.pass(reactor)
            reactor.clock.elapsed() shouldBe VirtualClock.LAST
            reactor.delayedCalls().single().cancel()
        }

        /** Bytes on a link that takes for ever are not there in a day. */
        fun neverArriving(delay: MemoryLink.() -> Unit) {
            val listening =
                object : Protocol() {
                    override fun dataReceived(data: ByteArray): Unit = never()
                }
            connectedPair(listening, object : Protocol() {}).use { pair ->
                pair.reactor.network.everywhere.delay()
                pair.client.transport.write(ByteArray(1))
                pair.reactor.runFor(Duration.ofDays(1))
                pair.reactor.network.everywhere.restore()
                pair.reactor.network.everywhere.cut()
            }
        }

        /** Late on a clock, there is something to wait for; and then something that never comes. */
        fun waiting(wait: VirtualClock.(MemoryReactor) -> Unit) = inMemory { reactor ->
            reactor.advance(Duration.ofSeconds(1))
            reactor.callLater(1, TimeUnit.HOURS) {}
            reactor.clock.wait(reactor)
            reactor.clock.elapsed() shouldBe Duration.ofSeconds(3601)
            val call = reactor.callLater(Long.MAX_VALUE, TimeUnit.DAYS) { never() }
            shouldThrow<AssertionError> { reactor.clock.wait(reactor) }
            reactor.clock.elapsed() shouldBe Duration.ofSeconds(3601)
            call.cancel()
        }

        /** A process that does not heed TERM, long after it was told. */
        fun unheeding(command: ProcessCommand) {
            val reactor = MemoryReactor()
            reactor.processes.add("program") { process -> process.onSignal("TERM") {} }
            val protocol = object : Protocol() {}
            reactor.await(ProcessEndpoint(reactor, command).connectProtocol(protocol))
            protocol.transport.loseConnection()
            reactor.runFor(Duration.ofMinutes(1))
            reactor.advance(halfACentury)
            reactor.processes.all.single().signals shouldBe listOf("TERM")
            reactor.close()
        }

        fun playing(command: ProcessCommand, program: MemoryProgram) = MemoryReactor().also { reactor ->
            reactor.processes.add("program", program)
            reactor.spawnProcess(object : ProcessProtocol() {}, command)
            reactor.flush()
        }

        val tries: Map<String, (Duration) -> Unit> =
            mapOf(
                "process/ProcessCommand.<init>" to { time -> unheeding(ProcessCommand(listOf("program"), killAfter = time)) },
                "process/ProcessCommand.withKillAfter" to { time -> unheeding(ProcessCommand.of("program").withKillAfter(time)) },
                "testkit/MemoryProcess.later" to { time ->
                    val reactor = playing(ProcessCommand.of("program")) { process -> process.later(time) { process.exit(1) } }
                    reactor.clock.advance(halfACentury)
                    reactor.processes.all.single().isAlive shouldBe true
                    reactor.close()
                },
                "clock/Clocks.addTimeout" to { time ->
                    onClockNever { clock, never -> Deferred<Int>().addTimeout(time, clock).addErrback { 0.also { never.run() } } }
                },
                "clock/Clocks.addTimeout (Kotlin)" to { _ ->
                    onClockNever { clock, never -> Deferred<Int>().addTimeout(INFINITE, clock).addErrback { 0.also { never.run() } } }
                },
                "clock/Clocks.deferLater" to { time ->
                    onClockNever { clock, never ->
                        deferLater(clock, time) { never.run() }
                        deferLater(clock, time).addCallback { never.run() }
                    }
                },
                "clock/Clocks.deferLater (Kotlin)" to { _ ->
                    onClockNever { clock, never -> clock.deferLater(INFINITE) { never.run() } }
                },
                "clock/ClockKt.callLater (Kotlin)" to { _ ->
                    onClockNever { clock, never -> clock.callLater(INFINITE) { never.run() } }
                },
                "clock/LoopingCallKt.start (Kotlin)" to { _ ->
                    onClockNever { clock, never -> LoopingCall(clock) { never.run() }.start(INFINITE, now = false) }
                },
                "net/TimeoutMixin.setTimeout" to { time ->
                    onClockNever { clock, never -> TimeoutMixin(object : Protocol() {}, clock, never).setTimeout(time) }
                },
                "net/TimeoutMixinKt.setTimeout (Kotlin)" to { _ ->
                    onClockNever { clock, never -> TimeoutMixin(object : Protocol() {}, clock, never).setTimeout(INFINITE) }
                },
                "clock/LoopingCall.start" to { time ->
                    onClockNever { clock, never -> LoopingCall(clock) { never.run() }.start(time, now = false) }
                    onClock { clock ->
                        var count = 0L
                        LoopingCall.withCount(clock) { count += it }.start(time)
                        clock.advance(halfACentury)
                        count shouldBe 1
                    }
                },
                "clock/Cooperator.<init>" to { time ->
                    onClock { clock ->
                        var steps = 0
                        Cooperator(clock, time).coiterate(generateSequence { steps++ }.take(100).iterator())
                        clock.advance(Duration.ZERO)
                        steps shouldBe 100
                    }
                },
                "clock/DeferredTimeoutException.<init>" to { time ->
                    DeferredTimeoutException(time).timeout shouldBe time
                },
                "endpoint/ClientCreator.connectTcp" to { time ->
                    connecting { reactor, host, port ->
                        object : ClientEndpoint {
                            override fun connect(factory: Factory): Deferred<Protocol> =
                                ClientCreator(reactor) { object : Protocol() {} as Protocol }.connectTcp(host, port, time)
                        }
                    }
                },
                "endpoint/ClientCreator.connectTls" to { time ->
                    overTls { reactor, port ->
                        ClientCreator(reactor) { object : Protocol() {} as Protocol }.connectTls("localhost", port, trusting, time)
                    }
                },
                "tls/TlsClientOptions.withHandshakeTimeout" to { time ->
                    overTls { reactor, port -> connectTls(reactor, port, trusting.withHandshakeTimeout(time)) }
                },
                "tls/TlsServerOptions.withHandshakeTimeout" to { time ->
                    overTls(Tls.server(identity).withHandshakeTimeout(time)) { reactor, port -> connectTls(reactor, port, trusting) }
                },
                "tls/TlsIdentity.selfSigned" to { time ->
                    TlsIdentity.selfSigned(listOf("localhost"), time).certificate.checkValidity(inHalfACentury())
                },
                "tls/TlsIdentity\$Companion.selfSigned" to { time ->
                    TlsIdentity.Companion.selfSigned(listOf("localhost"), time).certificate.checkValidity(inHalfACentury())
                },
                "tls/TlsIdentityFiles.watch" to { time -> watchFiles(time) },
                "endpoint/ClientCreator.connectUnix" to { time ->
                    onUnixSocket { reactor, path -> ClientCreator(reactor) { object : Protocol() {} as Protocol }.connectUnix(path, time) }
                },
                "endpoint/UNIXClientEndpoint.<init>" to { time ->
                    onUnixSocket { reactor, path -> UNIXClientEndpoint(reactor, path, time).connect(Factory { object : Protocol() {} }) }
                },
                "endpoint/ProxyProtocol.receiving" to { time ->
                    inMemory { reactor ->
                        val port = reactor.listenTcp(0, ProxyProtocol.receiving(reactor, time).wrap(Factory { object : Protocol() {} }))
                        val client = object : Protocol() {}
                        val endpoint = HostnameEndpoint(reactor, "127.0.0.1", port.port())
                        reactor.await(endpoint.connect(Factory { client }))
                        reactor.advance(halfACentury)
                        client.isConnected shouldBe true
                        client.transport.abortConnection()
                        port.stopListening()
                        reactor.flush()
                    }
                },
                "nio/NioEngine.unixConnector" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
                "spi/UnixNetwork.unixConnector" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
                "reactor/ReactorUnix.connectUnix" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
                "testkit/MemoryReactor.connectUnix" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
                "net/ConnectTimeoutException.<init>" to { time ->
                    ConnectTimeoutException("example.com:80", time).timeout shouldBe time
                },
                "net/ConnectOptions\$Companion.invoke" to { time ->
                    connecting { reactor, _, port ->
                        HostnameEndpoint(reactor, "localhost", port, ConnectOptions(time, attemptDelay = time))
                    }
                },
                "net/ConnectOptions.copy" to { time ->
                    connecting { reactor, _, port ->
                        HostnameEndpoint(reactor, "localhost", port, ConnectOptions.DEFAULT.copy(timeout = time, attemptDelay = time))
                    }
                },
                "net/ConnectOptions\$Builder.timeout" to { time -> connectTcp(ConnectOptions.builder().timeout(time).build().timeout) },
                "net/ConnectOptions\$Builder.attemptDelay" to { time ->
                    connecting { reactor, _, port ->
                        HostnameEndpoint(reactor, "localhost", port, ConnectOptions.builder().attemptDelay(time).build())
                    }
                },
                "net/ConnectOptions.withTimeout" to { time -> connectTcp(ConnectOptions.DEFAULT.withTimeout(time).timeout) },
                "net/ConnectOptions.withAttemptDelay" to { time ->
                    connecting { reactor, _, port ->
                        HostnameEndpoint(reactor, "localhost", port, ConnectOptions.DEFAULT.withAttemptDelay(time))
                    }
                },
                "net/StreamOptions\$Companion.invoke" to { time -> closing(StreamOptions(closeTimeout = time)) },
                "net/StreamOptions.copy" to { time -> closing(StreamOptions.DEFAULT.copy(closeTimeout = time)) },
                "net/StreamOptions\$Builder.closeTimeout" to { time -> closing(StreamOptions.builder().closeTimeout(time).build()) },
                "net/StreamOptions.withCloseTimeout" to { time -> closing(StreamOptions.DEFAULT.withCloseTimeout(time)) },
                "reactor/EngineReactor.addHealthListener" to { time ->
                    torsion { it.reactor().addHealthListener(time) { _, _ -> never() } }
                },
                "reactor/ReactorHealth.addHealthListener" to { time ->
                    torsion { it.reactor().addHealthListener(time) { _, _ -> never() } }
                },
                "reactor/EngineReactor.iterate" to ::iterate,
                "reactor/ReactorLifeCycle.iterate" to ::iterate,
                "reactor/EngineReactor.stopAndJoin" to ::stopAndJoin,
                "reactor/ReactorLifeCycle.stopAndJoin" to ::stopAndJoin,
                "group/ReactorGroup.stopAndJoin" to { time -> group { it.stopAndJoin(time) shouldBe true } },
                "group/ReactorGroup.stopOnShutdown" to { time ->
                    group {
                        it.stopOnShutdown(time)
                        it.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
                    }
                },
                "reactor/ReactorOptions\$Companion.invoke" to { time ->
                    ran(ReactorOptions("forever", blockedThreshold = time, shutdownTimeout = time, drainTimeout = time))
                },
                "reactor/ReactorOptions\$Builder.blockedThreshold" to { time ->
                    reactor(ReactorOptions.builder().blockedThreshold(time).build())
                },
                "reactor/ReactorOptions\$Builder.shutdownTimeout" to { time ->
                    ran(ReactorOptions.builder().shutdownTimeout(time).build())
                },
                "reactor/Reactors.resolve" to { time ->
                    inMemory { reactor -> reactor.await(reactor.resolve("localhost", timeout = time)).isEmpty() shouldBe false }
                },
                "reactor/Reactors.connectUdp" to { time ->
                    inMemory { reactor ->
                        val port = reactor.await(reactor.connectUdp("localhost", 9, object : DatagramProtocol() {}, timeout = time))
                        reactor.advance(halfACentury)
                        port.isListening shouldBe true
                    }
                },
                "testkit/DatagramFate\$Builder.delay" to { time ->
                    val fate = DatagramFate.random(1).delay(time, time).build()
                    inMemory { reactor ->
                        reactor.network.datagramFate = fate
                        val receiver = object : DatagramProtocol() {
                            override fun datagramReceived(data: ByteArray, sender: InternetAddress) = never()
                        }
                        val at = reactor.listenUdp(0, receiver, "127.0.0.1").host() as InternetAddress
                        val sender = object : DatagramProtocol() {}
                        reactor.listenUdp(0, sender, "127.0.0.1")
                        sender.transport.write(ByteArray(1), at)
                        reactor.advance(halfACentury)
                    }
                },
                "spi/HostNames.resolve" to { time ->
                    inMemory { reactor -> reactor.await(reactor.resolve("127.0.0.1", timeout = time)).size shouldBe 1 }
                },
                "reactor/Reactors.stopOnShutdown" to { time -> reactor { it.stopOnShutdown(time) } },
                "reactor/Reactors.stopOnShutdown (Kotlin)" to { _ -> reactor { it.stopOnShutdown(INFINITE) } },
                "loop/ThreadPool.stopAndJoin" to { time ->
                    val pool = ThreadPool("forever", 1).apply { start() }
                    pool.execute {}
                    pool.stopAndJoin(time) shouldBe true
                },
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
                "service/RetryPolicy.backoff" to { time -> never(RetryPolicy.backoff(time, time, 2.0, time)) },
                "service/RetryPolicy\$Companion.backoff" to { time ->
                    never(RetryPolicy.backoff(time, time))
                    RetryPolicy.backoff(Duration.ofSeconds(1), time).delay(Int.MAX_VALUE).isNegative shouldBe false
                    (RetryPolicy.backoff(time).delay(1) in Duration.ofSeconds(60)..Duration.ofSeconds(120)) shouldBe true
                },
                "service/RetryPolicyKt.backoff (Kotlin)" to { _ ->
                    never(RetryPolicy.backoff(INFINITE, INFINITE, jitter = INFINITE))
                },
                "service/TimerService.<init>" to { time -> timers { clock, call -> TimerService(clock, time, call) } },
                "service/TimerServiceKt.TimerService (Kotlin)" to { _ ->
                    timers { clock, call -> TimerService(clock, INFINITE) { call.run() } }
                },
                "framing/ConnectionOptions\$Companion.invoke" to { time ->
                    idle(ConnectionOptions(idleTimeout = time, readIdleTimeout = time, writeIdleTimeout = time))
                    unfinished(ConnectionOptions(frameTimeout = time))
                    answering(ConnectionOptions(answerTimeout = time))
                },
                "framing/ConnectionOptions.copy" to { time ->
                    idle(ConnectionOptions.DEFAULT.copy(idleTimeout = time, readIdleTimeout = time, writeIdleTimeout = time))
                    unfinished(ConnectionOptions.DEFAULT.copy(frameTimeout = time))
                    answering(ConnectionOptions.DEFAULT.copy(answerTimeout = time))
                },
                "framing/ConnectionOptions.withIdleTimeout" to { time -> idle(ConnectionOptions.DEFAULT.withIdleTimeout(time)) },
                "framing/ConnectionOptions.withReadIdleTimeout" to { time -> idle(ConnectionOptions.DEFAULT.withReadIdleTimeout(time)) },
                "framing/ConnectionOptions.withWriteIdleTimeout" to { time -> idle(ConnectionOptions.DEFAULT.withWriteIdleTimeout(time)) },
                "framing/ConnectionOptions.withFrameTimeout" to { time -> unfinished(ConnectionOptions.DEFAULT.withFrameTimeout(time)) },
                "framing/ConnectionOptions.withAnswerTimeout" to { time -> answering(ConnectionOptions.DEFAULT.withAnswerTimeout(time)) },
                "framing/AnswerTimeoutException.<init>" to { time -> AnswerTimeoutException(time).timeout shouldBe time },
                "framing/FrameTimeoutException.<init>" to { time -> FrameTimeoutException(time, 1).timeout shouldBe time },
                "framing/ReadIdleTimeoutException.<init>" to { time -> ReadIdleTimeoutException(time).timeout shouldBe time },
                "framing/WriteIdleTimeoutException.<init>" to { time -> WriteIdleTimeoutException(time).timeout shouldBe time },
                "framing/MessageConnection.every" to { time -> beating { it.every(time, "never") } },
                "java/Connection.every" to { time ->
                    inMemory { reactor ->
                        val torsion = Torsion.on(reactor)
                        val port =
                            successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec()) { c -> c.onMessage { error(it) } })
                        val future = torsion.connect("tcp:127.0.0.1:${port.port()}", LineCodec())
                        reactor.flush()
                        future.join().every(time, "never")
                        reactor.advance(halfACentury)
                        future.join().abort()
                        port.stopListening()
                        reactor.flush()
                    }
                },
                "java/Server.drain" to { time ->
                    inMemory { reactor ->
                        val server = Torsion.on(reactor).listen("tcp:0:interface=127.0.0.1", Factory { object : Protocol() {} })
                        reactor.flush()
                        val drained = server.join().drain(time)
                        reactor.flush()
                        drained.join() shouldBe DrainReport.NONE
                    }
                },
                "net/DrainTimeoutException.<init>" to { time -> DrainTimeoutException(time).timeout shouldBe time },
                "net/ListeningPort.drain" to { time -> draining { port -> port.drain(time) } },
                "spi/Acceptor.drain" to { time -> draining { port -> port.drain(time) } }, // which asks it
                "stream/FactoryAcceptor.drain" to { time -> draining { port -> port.drain(time) } },
                "group/GroupPort.drain" to { time ->
                    group { group ->
                        val port = group.listenTcp(0, { Factory { object : Protocol() {} } }, "127.0.0.1").join()
                        port.drain(time).join() shouldBe DrainReport.NONE
                        group.close()
                    }
                },
                "log/DurationText.readable" to { time -> readable(time).endsWith("h") shouldBe true },
                "net/KeepAlive.<init>" to { time ->
                    inMemory { reactor ->
                        val probed = TcpOptions.DEFAULT.withKeepAlive(KeepAlive(time, time, 1))
                        reactor.listenTcp(0, Factory { object : Protocol() {} }, options = probed).stopListening()
                        reactor.flush()
                    }
                },
                "net/MinimumRate\$Builder.grace" to { time ->
                    closing(
                        StreamOptions(closeTimeout = time, minimumRate = MinimumRate.builder().reading(1).writing(1).grace(time).build()),
                    )
                },
                "net/MinimumRate\$Builder.window" to { time ->
                    val rate = MinimumRate.builder().reading(1).writing(1).grace(ChronoUnit.FOREVER.duration).window(time).build()
                    closing(StreamOptions(closeTimeout = time, minimumRate = rate))
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
                "service/StreamServerEndpointService.<init>" to { time ->
                    inMemory { reactor ->
                        val service =
                            StreamServerEndpointService(serverFromString(reactor, "tcp:0"), Factory { object : Protocol() {} }, time)
                        service.startService()
                        successResultOf(service.stopService())
                    }
                },
                "reactor/ReactorOptions\$Builder.drainTimeout" to { time ->
                    reactor(ReactorOptions.builder().drainTimeout(time).build())
                    ReactorGroup.create(1, ReactorOptions.builder().drainTimeout(time).build()).close()
                    Torsion.create(ReactorOptions.builder().drainTimeout(time).build()).close()
                },
                "framing/ConnectionOptions\$Builder.idleTimeout" to { time ->
                    idle(ConnectionOptions.builder().idleTimeout(time).build())
                },
                "framing/ConnectionOptions\$Builder.readIdleTimeout" to { time ->
                    idle(ConnectionOptions.builder().readIdleTimeout(time).build())
                },
                "framing/ConnectionOptions\$Builder.writeIdleTimeout" to { time ->
                    idle(ConnectionOptions.builder().writeIdleTimeout(time).build())
                },
                "framing/ConnectionOptions\$Builder.frameTimeout" to { time ->
                    idle(ConnectionOptions.builder().frameTimeout(time).build())
                },
                "framing/ConnectionOptions\$Builder.answerTimeout" to { time ->
                    idle(ConnectionOptions.builder().answerTimeout(time).build())
                },
                "framing/CorrelationOptions\$Companion.invoke" to { time -> waiting(CorrelationOptions(timeout = time)) },
                "framing/CorrelationOptions.copy" to { time -> waiting(CorrelationOptions.DEFAULT.copy(timeout = time)) },
                "framing/CorrelationOptions\$Builder.timeout" to { time -> waiting(CorrelationOptions.builder().timeout(time).build()) },
                "framing/IdleTimeoutException.<init>" to { time -> IdleTimeoutException(time).timeout shouldBe time },
                "java/ScheduledCall.delay" to { time ->
                    torsion {
                        val call = it.callLater(Duration.ofSeconds(1)) { never() }
                        repeat(10) { call.delay(time) }
                    }
                },
                "java/ScheduledCall.reset" to { time ->
                    torsion { it.callLater(Duration.ofSeconds(1)) { never() }.reset(time) }
                },
                "java/Torsion.after" to { time -> torsion { it.after(time) } },
                "java/Torsion.callLater" to { time -> torsion { it.callLater(time) { never() } } },
                "java/Torsion.deferLater" to { time -> torsion { it.deferLater(time) { never() } } },
                "java/Torsion.every" to { time ->
                    torsion {
                        var calls = 0
                        it.every(time, Runnable { check(++calls == 1) }).done()
                    }
                },
                "java/Torsion.timeout" to { time -> torsion { it.timeout(CompletableFuture<Int>(), time) } },
                "java/Torsion.watchHealth" to { time -> torsion { it.watchHealth(time) { never() } } },
                "java/Torsion.stopAndJoin" to { time -> Torsion.start().stopAndJoin(time) shouldBe true },
                "java/Torsion.stopOnShutdown" to { time ->
                    Torsion.start().apply { stopOnShutdown(time) }.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
                },
                "java/TorsionGroup.stopAndJoin" to { time -> TorsionGroup.start(2).stopAndJoin(time) shouldBe true },
                "java/TorsionGroup.stopOnShutdown" to { time ->
                    TorsionGroup.start(2).apply { stopOnShutdown(time) }.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
                },
                "testkit/VirtualClock.callLater" to { time ->
                    onClockNever { clock, never -> clock.callLater(time) { never.run() } }
                },
                "testkit/VirtualClock.advance" to { time -> passing { advance(time) } },
                "testkit/VirtualClock.pump" to { time -> passing { pump(time, time) } },
                "testkit/VirtualClock.runFor" to { time -> passing { runFor(time) } },
                "testkit/VirtualClock.runUntilIdle" to { time -> waiting { runUntilIdle(time) } },
                "testkit/VirtualClock.runUntil" to { time -> waiting { runUntil({ delayedCalls().isEmpty() }, time) } },
                "testkit/MemoryReactor.advance" to { time -> passing { it.advance(time) } },
                "testkit/MemoryReactor.pump" to { time -> passing { reactor -> reactor.pump(time, time) } },
                "testkit/MemoryReactor.runFor" to { time -> passing { reactor -> reactor.runFor(time) } },
                "testkit/MemoryReactor.runUntilIdle" to { time -> waiting { reactor -> reactor.runUntilIdle(time) } },
                "testkit/MemoryReactor.runUntil" to { time ->
                    waiting { reactor -> reactor.runUntil({ delayedCalls().isEmpty() }, time) }
                },
                "testkit/MemoryReactor.await" to { time ->
                    inMemory { it.await(deferLater(it, Duration.ofSeconds(5)), time) shouldBe null }
                },
                "testkit/VirtualClock.setPatience" to { time ->
                    inMemory {
                        it.clock.patience = time
                        it.await(deferLater(it, Duration.ofSeconds(5))) shouldBe null
                    }
                },
                "testkit/MemoryLink.delay" to { time -> neverArriving { delay(time) } },
                "testkit/VirtualTimeKt.delay (Kotlin)" to { _ -> neverArriving { delay(INFINITE) } },
                "testkit/ReactorTestKt.runTest (Kotlin)" to { _ -> inMemory { it.runTest(INFINITE) { 1 } shouldBe 1 } },
                "testkit/ReactorTestKt.runReactorTest (Kotlin)" to { _ -> runReactorTest(INFINITE) { 1 } shouldBe 1 },
                "testkit/VirtualTimeKt.advance (Kotlin)" to { _ ->
                    passing { advance(INFINITE) }
                    passing { reactor -> reactor.advance(INFINITE) }
                },
                "testkit/VirtualTimeKt.runFor (Kotlin)" to { _ ->
                    passing { runFor(INFINITE) }
                    passing { reactor -> reactor.runFor(INFINITE) }
                },
            )
    }
}
