// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.inlineCallbacks
import kotlinx.coroutines.withTimeout
import java.util.function.Supplier
import kotlin.time.Duration.Companion.seconds

/**
 * The duties of every stream transport, as checks that run over any of them: the real one, the one in memory, and yours. Each check
 * makes a [StreamHarness], connects a server and a client, and looks at both.
 *
 * ```kotlin
 * class MyTransportSpec : StringSpec({
 *     StreamContract { MyHarness() }.checks.forEach { check -> check.name { check.run() } }
 * })
 * ```
 * ```java
 * @TestFactory
 * Stream<DynamicTest> contract() {
 *     return new StreamContract(MyHarness::new).checks().stream().map(c -> dynamicTest(c.name(), c::run));
 * }
 * ```
 *
 * The numbers in some names, as in `behaviour 29`, are those of the behaviours of Twisted that such a check pins (docs/twisted-coverage.md),
 * with the name of Twisted's own test.
 */
public class StreamContract(private val harness: Supplier<StreamHarness>) {
    /** The checks for every stream: bytes, flow control, ending, callbacks. */
    @get:JvmName("streams")
    public val streams: List<StreamCheck> = (writing + flowControl + closing + callbacks).toChecks()

    /** Further checks where a peer can tell an abort from an end: not so with UNIX sockets and pipes. */
    @get:JvmName("resets")
    public val resets: List<StreamCheck> = resetting.toChecks()

    /** Further checks for a [port][dev.torsion.net.ListeningPort] that ends its connections. Their peers can tell an abort from an end. */
    @get:JvmName("drains")
    public val drains: List<StreamCheck> = draining.toChecks()

    /** Further checks for a [HalfCloseableTransport][dev.torsion.net.HalfCloseableTransport]. */
    @get:JvmName("halfClose")
    public val halfClose: List<StreamCheck> = halfClosing.toChecks()

    /** Further checks for a [TcpTransport][dev.torsion.net.TcpTransport]. */
    @get:JvmName("tcp")
    public val tcp: List<StreamCheck> = socketOptions.toChecks()

    /** All checks, each independent of the others. */
    @get:JvmName("checks")
    public val checks: List<StreamCheck> = streams + resets + drains + halfClose + tcp

    private fun Checks.toChecks() = map { (name, body) -> StreamCheck(name) { runCheck(harness, body) } }
}

/** Runs [body] on a scene of its own. */
internal fun runCheck(harness: Supplier<StreamHarness>, body: suspend Scene.() -> Unit) {
    harness.get().use { made ->
        made.await { inlineCallbacks(made.reactor.dispatcher) { withTimeout(DEADLINE) { Scene(made).apply { body() }.over() } } }
        made.errors.forEach { throw AssertionError("an error was reported that the check did not expect", it) }
    }
}

private val DEADLINE = 30.seconds

/**
 * One check of a [StreamContract].
 *
 * @property name what is checked
 */
public class StreamCheck internal constructor(
    @get:JvmName("name")
    public val name: String,
    private val check: () -> Unit,
) {
    /** Runs the check: on the test's thread, for as long as it takes, at most 30 s by the reactor's clock. */
    public fun run(): Unit = check()

    override fun toString(): String = name
}

internal typealias Checks = List<Pair<String, suspend Scene.() -> Unit>>

internal class ChecksBuilder {
    val checks = ArrayList<Pair<String, suspend Scene.() -> Unit>>()

    operator fun String.invoke(body: suspend Scene.() -> Unit) {
        checks.add(this to body)
    }
}

internal fun checks(build: ChecksBuilder.() -> Unit): Checks = ChecksBuilder().apply(build).checks
