// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.deferred
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import kotlinx.coroutines.withTimeout
import kotlin.time.Duration.Companion.seconds

/** Every program in every voice says what its transcript says: on real sockets, and with a virtual clock on a network in memory. */
class ProgramsSpec :
    StringSpec({
        for (stop in stops()) {
            for (performance in stop.performances) {
                "${stop.title}, ${performance.voice}" {
                    val reactor = Reactor.create()
                    val said = Transcript()
                    react(reactor) { withTimeout(30.seconds) { performance.program(reactor, said) } }
                    said.lines.map(::withoutCoroutine) shouldContainExactly stop.expected
                    reactor.delayedCalls().shouldBeEmpty()
                }

                if (stop.name !in HAVE_THREADS_THAT_WAIT) {
                    "${stop.title}, ${performance.voice}, in virtual time" {
                        MemoryReactor().use { reactor ->
                            val said = Transcript()
                            reactor.await(reactor.scope.deferred { performance.program(reactor, said) })
                            said.lines.map(::withoutCoroutine) shouldContainExactly stop.expected
                        }
                    }
                }
            }
        }
    })

/** A thread that waits for the reactor, or that it knows nothing of, has no place in virtual time. */
private val HAVE_THREADS_THAT_WAIT = setOf("BlockingWork", "WriterThread", "HashServer", "DatabaseRows", "WordCount")

/** With assertions on, kotlinx-coroutines adds the coroutine to the name of its thread. */
private fun withoutCoroutine(line: String) = line.replace(COROUTINE, "")

private val COROUTINE = Regex(""" @[\w-]+#\d+""")
