// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.junit

import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.LeakWatch
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.VirtualClock
import org.junit.jupiter.api.TestInstance.Lifecycle
import org.junit.jupiter.api.extension.AfterEachCallback
import org.junit.jupiter.api.extension.BeforeEachCallback
import org.junit.jupiter.api.extension.ExtensionContext
import org.junit.jupiter.api.extension.ParameterContext
import org.junit.jupiter.api.extension.ParameterResolver
import org.junit.jupiter.api.extension.TestInstanceFactoryContext
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback

/**
 * JUnit: fails a test that leaves something behind (see [LeakWatch]), and gives tests that ask for one a [MemoryReactor], a
 * [VirtualClock], which is that of the reactor, or the [CapturedLogs] of the test.
 *
 * ```java
 * @ExtendWith(TorsionExtension.class)
 * class EchoTest {
 *     @Test
 *     void answers(MemoryReactor reactor) { ... }
 * }
 * ```
 *
 * Reactors that the test makes itself are watched too, in fields as well, unless the instance is shared by all tests of its class. A
 * test that has failed already is not looked at.
 */
public class TorsionExtension :
    TestInstancePreConstructCallback,
    BeforeEachCallback,
    AfterEachCallback,
    ParameterResolver {
    override fun preConstructTestInstance(factory: TestInstanceFactoryContext, context: ExtensionContext) {
        val isShared = context.testInstanceLifecycle.orElse(Lifecycle.PER_METHOD) == Lifecycle.PER_CLASS
        if (!isShared && factory.outerInstance.isEmpty) LeakWatch.begin()
    }

    override fun beforeEach(context: ExtensionContext) {
        watch()
    }

    override fun afterEach(context: ExtensionContext) {
        val watch = LeakWatch.current() ?: return
        if (context.executionException.isPresent) watch.close() else watch.end()
    }

    override fun supportsParameter(parameter: ParameterContext, context: ExtensionContext): Boolean =
        parameter.parameter.type in setOf(MemoryReactor::class.java, VirtualClock::class.java, CapturedLogs::class.java)

    override fun resolveParameter(parameter: ParameterContext, context: ExtensionContext): Any = when (parameter.parameter.type) {
        VirtualClock::class.java -> watch().clock
        CapturedLogs::class.java -> watch().logs
        else -> watch().reactor
    }

    private fun watch() = LeakWatch.current() ?: LeakWatch.begin()
}
