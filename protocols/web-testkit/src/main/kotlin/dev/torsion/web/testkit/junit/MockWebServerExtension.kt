// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit.junit

import dev.torsion.testkit.LeakWatch
import dev.torsion.tls.TlsServerOptions
import dev.torsion.web.testkit.MockWebServer
import org.junit.jupiter.api.extension.AfterEachCallback
import org.junit.jupiter.api.extension.BeforeEachCallback
import org.junit.jupiter.api.extension.ExtensionContext
import org.junit.jupiter.api.extension.ExtensionContext.Namespace
import org.junit.jupiter.api.extension.ParameterContext
import org.junit.jupiter.api.extension.ParameterResolver
import java.lang.reflect.Constructor

/**
 * JUnit: gives a [MockWebServer] to tests that ask for one, and closes it behind each test.
 *
 * ```java
 * @ExtendWith({TorsionExtension.class, MockWebServerExtension.class})
 * class CatsTest {
 *     @Test
 *     void aCatIsAskedFor(MemoryReactor reactor, MockWebServer server) { ... }
 * }
 * ```
 *
 * Each test has a server of its own, in its methods and in those before and after it. That server is in the memory network of the reactor that
 * [TorsionExtension][dev.torsion.testkit.junit.TorsionExtension] gives the test; the two may stand in any order. For a client of another library, there is one on a
 * real port:
 *
 * ```java
 * @RegisterExtension
 * final MockWebServerExtension mock = MockWebServerExtension.onRealPort();
 *
 * @Test
 * void aCatIsAskedFor() {
 *     mock.server().enqueue(MockResponse.text("Tom"));
 *     ...
 * }
 * ```
 *
 * Thread: the test's. Tests that run at the same time in one instance each ask for a parameter; [server] is for one test at a time.
 */
public class MockWebServerExtension private constructor(private val isReal: Boolean, private val tls: TlsServerOptions?) :
    BeforeEachCallback,
    AfterEachCallback,
    ParameterResolver {
    /** Servers in the memory network. */
    public constructor() : this(isReal = false, tls = null)

    private val namespace = Namespace.create(MockWebServerExtension::class.java, this)

    @Volatile
    private var running: ExtensionContext? = null

    /** This one, whose servers speak TLS as [tls] says. */
    public fun withTls(tls: TlsServerOptions): MockWebServerExtension = MockWebServerExtension(isReal, tls)

    /**
     * The server of the test that runs now.
     *
     * @throws IllegalStateException outside of a test, and for a server in memory without [TorsionExtension][dev.torsion.testkit.junit.TorsionExtension]
     */
    public fun server(): MockWebServer = serverOf(checkNotNull(running) { "there is a server while a test runs" })

    override fun beforeEach(context: ExtensionContext) {
        running = context
    }

    override fun supportsParameter(parameter: ParameterContext, context: ExtensionContext): Boolean {
        val isOfTest = context.testMethod.isPresent && parameter.declaringExecutable !is Constructor<*>
        return isOfTest && parameter.parameter.type == MockWebServer::class.java
    }

    override fun resolveParameter(parameter: ParameterContext, context: ExtensionContext): Any = serverOf(context)

    private fun serverOf(context: ExtensionContext): MockWebServer {
        val store = context.getStore(namespace)
        return store.get(SERVER, MockWebServer::class.java) ?: make().also { store.put(SERVER, it) }
    }

    private fun make(): MockWebServer {
        if (isReal) return MockWebServer.start(0, tls)
        val watch = checkNotNull(LeakWatch.current()) {
            "a MockWebServer in memory needs the reactor of a test: add TorsionExtension, or take MockWebServerExtension.onRealPort()"
        }
        return MockWebServer.on(watch.reactor, 0, tls).also(watch::closeAtEnd) // whichever extension ends first
    }

    override fun afterEach(context: ExtensionContext) {
        running = null
        if (isReal) context.getStore(namespace).remove(SERVER, MockWebServer::class.java)?.close()
    }

    override fun toString(): String =
        "MockWebServerExtension(${if (isReal) "a real port" else "in memory"}${if (tls == null) "" else ", TLS"})"

    public companion object {
        private const val SERVER = "server"

        /** Servers on real ports of 127.0.0.1, each with a reactor of its own. */
        @JvmStatic
        public fun onRealPort(): MockWebServerExtension = MockWebServerExtension(isReal = true, tls = null)
    }
}
