// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.kotest

import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.LeakWatch
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.VirtualClock
import io.kotest.core.extensions.TestCaseExtension
import io.kotest.core.test.TestCase
import io.kotest.core.test.TestType
import io.kotest.engine.test.TestResult
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.job
import kotlin.time.Duration.Companion.ZERO

/**
 * Kotest: fails a test that leaves something behind (see [LeakWatch]), and has a [MemoryReactor] for each test.
 *
 * ```kotlin
 * class EchoSpec : StringSpec({
 *     val torsion = extension(TorsionSpecExtension())
 *
 *     "answers" {
 *         torsion.reactor.listenTcp(8007, Factory { Echo() })
 *         ...
 *     }
 * })
 * ```
 *
 * Reactors and clocks that the test makes itself are watched too. Tests are watched, containers of tests are not. A test that has
 * failed already is not looked at.
 */
public class TorsionSpecExtension : TestCaseExtension {
    /** The reactor of the test that is running on this thread, made when first asked for. */
    public val reactor: MemoryReactor get() = watch().reactor

    /** The clock of [reactor]. */
    public val clock: VirtualClock get() = watch().clock

    /** The log of the test that is running on this thread. */
    public val logs: CapturedLogs get() = watch().logs

    private fun watch() = checkNotNull(LeakWatch.current()) {
        "no test is running on this thread, or the extension is not registered for it"
    }

    override suspend fun intercept(testCase: TestCase, execute: suspend (TestCase) -> TestResult): TestResult {
        if (testCase.type == TestType.Container) return execute(testCase)
        val watch = LeakWatch.begin()
        val result =
            try {
                coroutineScope {
                    watch.testJob = coroutineContext.job
                    execute(testCase)
                }
            } catch (e: Throwable) {
                watch.close()
                watch.refusal?.let { return TestResult.Error(ZERO, it) }
                throw e
            }
        if (!result.isSuccess) {
            watch.close()
            return result
        }
        return try {
            watch.end()
            result
        } catch (left: AssertionError) {
            TestResult.Failure(result.duration, left)
        }
    }
}
