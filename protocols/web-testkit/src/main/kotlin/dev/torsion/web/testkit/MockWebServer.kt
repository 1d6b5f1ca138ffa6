// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.log.readable
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.TlsServerOptions
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Response
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.toJavaDuration

/**
 * A server for tests of clients: it answers with what the test gives it, and keeps what it was asked. OkHttp's `MockWebServer` is the
 * model.
 *
 * ```java
 * var server = MockWebServer.on(reactor); // in memory; MockWebServer.start() opens a real port
 * server.enqueue(MockResponse.text("hello"));
 * server.enqueue(MockResponse.text("half of it").withFault(MockFault.RESET, MockPoint.BODY));
 * // ... the program asks server.url("/users") ...
 * assertEquals("/users", server.takeRequest().target());
 * ```
 *
 * [on] opens a port in the memory network of a [MemoryReactor]: times pass by its virtual clock. [start] opens a port of the loopback, with
 * a reactor of its own. All else is the same.
 *
 * Requests are answered in the order in which they come, from the queue; one for which nothing is there waits for it. [dispatch] gives
 * answers by what is asked instead. A request that breaks a rule of HTTP is answered with 400 and not recorded, as a [Site][dev.torsion.web.Site]
 * does it. It has no time-outs.
 *
 * Thread: any for [start]. One [on] a [MemoryReactor] belongs to the test's thread; [enqueue] and [dispatch] may be called on any.
 */
public class MockWebServer private constructor(private val reactor: Reactor, private val isOwn: Boolean, private val isTls: Boolean) :
    AutoCloseable {
    private val queue = AnswerQueue()
    private val requests = LinkedBlockingQueue<RecordedRequest>()
    private val requestCounter = AtomicInteger()
    private val connectionCounter = AtomicInteger()
    private val connections = LinkedHashSet<MockConnection>() // on the reactor's thread

    @Volatile
    private var dispatcher: MockDispatcher? = null
    private lateinit var port: ListeningPort
    private val isClosed = AtomicBoolean()

    private val answers = object : MockAnswers {
        override val reactor get() = this@MockWebServer.reactor
        override val options: HttpServerOptions get() = MockConnection.PATIENT
        override val queue get() = this@MockWebServer.queue
        override val dispatcher get() = this@MockWebServer.dispatcher

        override fun opened(connection: MockConnection) {
            connections.add(connection)
            connectionCounter.incrementAndGet()
        }

        override fun ended(connection: MockConnection) {
            connections.remove(connection)
        }

        override fun record(request: RecordedRequest) {
            requestCounter.incrementAndGet()
            requests.add(request)
        }
    }

    private fun listen(at: Int, tls: TlsServerOptions?) {
        val factory = MockFactory(answers)
        port = reactor.listenTcp(at, tls?.wrap(factory) ?: factory, HOST)
    }

    /** The port on which it listens. */
    public fun port(): Int = (port.host() as InternetAddress).port

    /** The URL of [path] on this server. It has `localhost` with TLS, since certificates for tests have that name. */
    public fun url(path: String): String {
        require(path.startsWith('/')) { "a path begins with a slash, but \"$path\" does not" }
        return if (isTls) "https://localhost:${port()}$path" else "http://$HOST:${port()}$path"
    }

    /** The next request that has no answer yet gets [answer]. Gives this server. */
    public fun enqueue(answer: MockResponse): MockWebServer = apply { queue.add(answer) }

    /** The same for a [response] of production code. */
    public fun enqueue(response: Response): MockWebServer = enqueue(MockResponse.of(response))

    /** From now on [dispatcher] chooses the answers, and not the queue. Gives this server. */
    public fun dispatch(dispatcher: MockDispatcher): MockWebServer = apply { this.dispatcher = dispatcher }

    /**
     * The next request, in the order in which they came. In memory it lets time pass until there is one, for a minute of virtual time at
     * most; it waits 10 s on a real port.
     *
     * @throws AssertionError when none comes
     */
    public fun takeRequest(): RecordedRequest = takeRequest(if (isOwn) SOON else LONG)

    /** The same with another time. */
    public fun takeRequest(timeout: Duration): RecordedRequest {
        if (reactor is MemoryReactor) {
            if (requests.isEmpty()) reactor.runUntil({ requests.isNotEmpty() }, timeout)
            return requests.remove()
        }
        val nanos = runCatching { timeout.toNanos() }.getOrDefault(Long.MAX_VALUE)
        return requests.poll(nanos, TimeUnit.NANOSECONDS) ?: throw AssertionError("No request has come within ${readable(timeout)}.")
    }

    /** The same for Kotlin. */
    @JvmSynthetic
    public fun takeRequest(timeout: kotlin.time.Duration): RecordedRequest = takeRequest(timeout.toJavaDuration())

    /** The next request if it has come already, or null. */
    public fun pollRequest(): RecordedRequest? = requests.poll()

    /** How many requests have come. */
    public fun requestCount(): Int = requestCounter.get()

    /** How many connections were accepted. */
    public fun connectionCount(): Int = connectionCounter.get()

    /** Closes the port and all connections; one of [start] also ends its reactor. Closing it again does nothing. */
    override fun close() {
        if (isClosed.getAndSet(true)) return
        if (!isOwn) return end()
        reactor.callFromThread(::end)
        check(reactor.stopAndJoin(SOON)) { "$reactor does not stop" }
    }

    private fun end() {
        port.stopListening()
        connections.toList().forEach { it.abort() }
    }

    override fun toString(): String = "MockWebServer(${url("/")}, ${requestCount()} requests on ${connectionCount()} connections)"

    public companion object {
        private const val HOST = "127.0.0.1"
        private val SOON = Duration.ofSeconds(10)
        private val LONG = Duration.ofMinutes(1)

        /**
         * A server in the memory network of [reactor].
         *
         * @param port where it listens; 0 takes a free port
         * @param tls who the server is, when it speaks TLS
         */
        @JvmStatic
        @JvmOverloads
        public fun on(reactor: MemoryReactor, port: Int = 0, tls: TlsServerOptions? = null): MockWebServer =
            MockWebServer(reactor, isOwn = false, tls != null).also { it.listen(port, tls) }

        /**
         * A server on a real port of 127.0.0.1, with a reactor of its own.
         *
         * @param port where it listens; 0 takes a free port
         * @param tls who the server is, when it speaks TLS
         */
        @JvmStatic
        @JvmOverloads
        public fun start(port: Int = 0, tls: TlsServerOptions? = null): MockWebServer {
            val reactor = Reactor.create(ReactorOptions("mock-web-server"))
            val server = MockWebServer(reactor, isOwn = true, tls != null)
            val listening = CompletableFuture<Unit>()
            reactor.start()
            try {
                reactor.callFromThread {
                    try {
                        listening.complete(server.listen(port, tls))
                    } catch (e: Exception) { // such as a port that is taken
                        listening.completeExceptionally(e)
                    }
                }
                listening.join()
            } catch (e: Throwable) {
                reactor.stopAndJoin(SOON)
                throw e.cause ?: e
            }
            return server
        }
    }
}
