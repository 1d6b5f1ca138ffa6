// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

/**
 * The duties of every reactor, as checks that run over any of them: the real one, the one in memory, and yours, on any engine. Each
 * check makes a reactor of its [kind], runs it in the calling thread and looks at what has happened.
 *
 * ```kotlin
 * class MyReactorSpec : StringSpec({
 *     ReactorContract { errors -> MyReactor(errors) }.checks.forEach { check -> check.name { check.run() } }
 * })
 * ```
 * ```java
 * @TestFactory
 * Stream<DynamicTest> contract() {
 *     return new ReactorContract(MyReactor::new).checks().stream().map(c -> dynamicTest(c.name(), c::run));
 * }
 * ```
 *
 * Checks of streams are there when the reactor has any; that its transports keep their rules is for [StreamContract].
 */
public class ReactorContract(private val kind: ReactorKind) {
    /** The checks, each independent of the others. */
    @get:JvmName("checks")
    public val checks: List<ReactorCheck> =
        (lifeCycle + timers + triggers + threads + (if (kind.waitsForOthers) waiting else emptyList()) + streams + stopping)
            .map { (name, body) -> ReactorCheck(name) { ReactorScene(kind).use { it.body() } } }
}

/**
 * One check of a [ReactorContract].
 *
 * @property name what is checked
 */
public class ReactorCheck internal constructor(
    @get:JvmName("name")
    public val name: String,
    private val check: () -> Unit,
) {
    /** Runs the check: on the test's thread, for as long as it takes, at most 20 s by the reactor's clock. */
    public fun run(): Unit = check()

    override fun toString(): String = name
}

internal typealias ReactorChecks = List<Pair<String, ReactorScene.() -> Unit>>

internal class ReactorChecksBuilder {
    val checks = ArrayList<Pair<String, ReactorScene.() -> Unit>>()

    operator fun String.invoke(body: ReactorScene.() -> Unit) {
        checks.add(this to body)
    }
}

internal fun reactorChecks(build: ReactorChecksBuilder.() -> Unit): ReactorChecks = ReactorChecksBuilder().apply(build).checks
