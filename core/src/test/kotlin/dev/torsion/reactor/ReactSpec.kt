// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds

class ReactSpec :
    StringSpec({
        /** How often, and what, this reactor's shutdown triggers have seen. */
        fun Reactor.countShutdowns() =
            ArrayList<String>().also { seen -> addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { seen.add("shutdown") } }

        "main runs in the calling thread, and the reactor ends when its Deferred fires" {
            val reactor = Reactor.create()
            val shutdowns = reactor.countShutdowns()
            val threads = ArrayList<Thread>()
            val code =
                react(
                    reactor,
                    ReactMain { given ->
                        given shouldBeSameInstanceAs reactor
                        threads.add(Thread.currentThread())
                        given.deferLater(1.milliseconds) { threads.add(Thread.currentThread()) }
                    },
                )
            code shouldBe 0
            threads shouldContainExactly List(2) { Thread.currentThread() }
            shutdowns shouldContainExactly listOf("shutdown")
            reactor.isRunning shouldBe false
        }

        "a Deferred that has fired already is enough" {
            react(main = ReactMain { succeed("done") }) shouldBe 0
        }

        "what main fails with is thrown, the very same object, after the shutdown" {
            val error = IOException("no")
            listOf(ReactMain { fail<Unit>(error) }, ReactMain { throw error }).forEach { main ->
                val reactor = Reactor.create()
                val shutdowns = reactor.countShutdowns()
                shouldThrow<IOException> { react(reactor, main) } shouldBeSameInstanceAs error
                shutdowns.size shouldBe 1
            }
        }

        "an ExitException gives its code" {
            react(main = ReactMain { fail<Unit>(ExitException(3)) }) shouldBe 3
        }

        "behaviour 24: it stops exactly once when main is done by a shutdown trigger" {
            val reactor = Reactor.create()
            val shutdowns = reactor.countShutdowns()
            val code =
                react(
                    reactor,
                    ReactMain {
                        val done = Deferred<Unit>()
                        it.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { done.callback(Unit) }
                        it.callWhenRunning(it::stop)
                        done
                    },
                )
            code shouldBe 0
            shutdowns.size shouldBe 1
        }

        "behaviour 24: it stops exactly once when main stops the reactor and is done in the same turn" {
            val reactor = Reactor.create()
            val shutdowns = reactor.countShutdowns()
            react(
                reactor,
                ReactMain {
                    it.deferLater(1.milliseconds) { it.stop() }
                },
            ) shouldBe 0
            shutdowns.size shouldBe 1
        }

        "a reactor that is stopped before main is done cancels it, and waits for its end" {
            val ends = ArrayList<String>()
            val code =
                react(
                    main = ReactMain {
                        it.callWhenRunning(it::stop)
                        Deferred<Unit> { ends.add("cancelled") }.addAsyncErrback { failure ->
                            failure.trap(DeferredCancelledException::class.java)
                            it.deferLater(5.milliseconds) { ends.add("cleaned up") }
                        }
                    },
                )
            code shouldBe 0
            ends shouldContainExactly listOf("cancelled", "cleaned up")
        }

        "a cancellation that has nothing to do with stopping is a failure" {
            shouldThrow<DeferredCancelledException> { react(main = ReactMain { Deferred<Unit>().also(Deferred<*>::cancel) }) }
        }

        "a suspend function runs on the reactor's thread, with the reactor's delay" {
            val threads = ArrayList<Boolean>()
            react { reactor ->
                threads.add(reactor.isInReactorThread)
                delay(1)
                threads.add(reactor.isInReactorThread)
            } shouldBe 0
            threads shouldContainExactly listOf(true, true)
        }

        "a suspend function that throws, and one that exits" {
            val error = IOException("no")
            shouldThrow<IOException> { react { throw error } } shouldBeSameInstanceAs error
            react { throw ExitException(7) } shouldBe 7
        }

        "a suspend function is cancelled when the reactor is stopped, and its finally blocks run" {
            val ends = ArrayList<String>()
            react { reactor ->
                reactor.callLater(1.milliseconds) { reactor.stop() }
                try {
                    awaitCancellation()
                } finally {
                    ends.add("finally")
                }
            } shouldBe 0
            ends shouldContainExactly listOf("finally")
        }
    })
