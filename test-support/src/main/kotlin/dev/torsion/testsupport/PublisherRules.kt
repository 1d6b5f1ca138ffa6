// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testsupport

import org.reactivestreams.tck.TestEnvironment
import org.reactivestreams.tck.flow.FlowPublisherVerification
import java.lang.reflect.InvocationTargetException
import java.util.concurrent.Callable
import java.util.concurrent.Flow

/**
 * Every test that Reactive Streams has for publishers (its TCK), run on publishers of ours. The tests are TestNG's; whoever runs tests here runs
 * them.
 *
 * @param mostElements how many elements a publisher can give at most, and then complete
 * @param publisher makes a publisher of as many elements
 * @param failed makes one that gives an error in place of elements
 * @param isLeftOut says of a test's name whether it is not for these publishers
 */
class PublisherRules<T>
@JvmOverloads
constructor(
    private val mostElements: Long,
    private val publisher: Elements<T>,
    private val failed: Callable<Flow.Publisher<T>>,
    private val isLeftOut: (String) -> Boolean = { false },
) {
    /** Makes a publisher of [count][of] elements. */
    fun interface Elements<T> {
        @Throws(Exception::class)
        fun of(count: Long): Flow.Publisher<T>
    }

    /** A test that can be run. */
    fun interface Rule {
        @Throws(Throwable::class)
        fun check()
    }

    /** The tests by their names, without those that the TCK names but does not test, and without several subscribers at once: an option. */
    val rules: Map<String, Rule>
        get() = FlowPublisherVerification::class.java.methods
            .filter { it.isAnnotationPresent(org.testng.annotations.Test::class.java) }
            .filterNot { NOT_FOR_US.containsMatchIn(it.name) || isLeftOut(it.name) }
            .sortedBy { it.name }
            .associate { method ->
                method.name to
                    Rule {
                        val verification = Verification()
                        verification.setUp()
                        try {
                            method.invoke(verification)
                        } catch (e: InvocationTargetException) {
                            throw e.targetException
                        }
                    }
            }

    private inner class Verification : FlowPublisherVerification<T>(TestEnvironment(WITHIN_MILLIS, QUIET_MILLIS)) {
        override fun maxElementsFromPublisher(): Long = mostElements

        override fun createFlowPublisher(elements: Long): Flow.Publisher<T> = publisher.of(elements)

        override fun createFailedFlowPublisher(): Flow.Publisher<T> = failed.call()
    }

    private companion object {
        val NOT_FOR_US = Regex("^untested_|^optional_spec111_")
        const val WITHIN_MILLIS = 2_000L
        const val QUIET_MILLIS = 50L
    }
}
