// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.succeed
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import java.util.concurrent.Callable
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

internal val threads: ReactorChecks =
    reactorChecks {
        "calls from threads run on its own, in their order, in a later turn" {
            run {
                callInThread {
                    callFromThread { note("first: $isInReactorThread") }
                    callFromThread { note("second: $isInReactorThread") }
                    callFromThread(::stop)
                }
                note("now")
            }
            expectStory("now", "first: true", "second: true")
        }

        "work on a thread gives its result to the loop" {
            run {
                deferToThread { isInReactorThread }.addCallback {
                    note("worked on the loop: $it, answered on the loop: $isInReactorThread")
                    stop()
                }
            }
            expectStory("worked on the loop: false, answered on the loop: true")
        }

        "work that throws fails its Deferred; without one it is reported" {
            val broken = BrokenCall()
            run {
                deferToThread<Unit> { throw broken }.addErrback {
                    note("failed on the loop: $isInReactorThread, with its own error: ${it.value === broken}")
                    callInThread { throw broken }
                    deferToThread { }.addCallback { stop() }
                }
            }
            expectStory("failed on the loop: true, with its own error: true")
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "other threads are refused what is the loop's" {
            run {
                deferToThread {
                    expectThrows<WrongThreadException> { callLater(0, TimeUnit.SECONDS) {} }
                    expectThrows<WrongThreadException> { callWhenRunning {} }
                    expectThrows<WrongThreadException> { stop() }
                    expectThrows<WrongThreadException> { crash() }
                    expectThrows<WrongThreadException> { addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { } }
                    expectThrows<WrongThreadException> { lookUp("127.0.0.1") }
                    expectThrows<WrongThreadException> { deferToThread { } }.let { }
                }.addErrback { note("${it.value}") }.addBoth { stop() }
            }
            expectStory()
        }

        "work that was given is done before it ends" {
            run {
                repeat(20) { number -> callInThread { callFromThread { note("$number") } } }
                stop()
            }
            expectEqual(story.toSet(), (0 until 20).map { "$it" }.toSet(), "the work that was done")
        }

        "who waits in the loop for itself is refused" {
            run {
                expectThrows<IllegalStateException> { blockingCallFromThread(Callable { succeed(1) }) }
                stop()
            }
        }

        "numbers and names of itself are found without asking anybody" {
            run {
                lookUp("192.0.2.1").addCallback { found -> note(found.single().hostAddress) }
                lookUp("::1").addCallback { found -> note(found.single().hostAddress) }
                stop()
            }
            expectStory("192.0.2.1", "0:0:0:0:0:0:0:1")
        }
    }

/** For reactors that wait for other threads. */
internal val waiting: ReactorChecks =
    reactorChecks {
        "a thread that calls wakes it up, each time" {
            var caller: Thread? = null
            run {
                caller =
                    thread {
                        repeat(50) { number ->
                            val done = CompletableFuture<Unit>()
                            callFromThread {
                                note("$number")
                                done.complete(Unit)
                            }
                            done.get(ReactorScene.MOST_SECONDS, TimeUnit.SECONDS)
                        }
                        stopFromThread()
                    }
            }
            caller!!.join()
            expectEqual(story.toList(), List(50) { "$it" }, "the calls")
        }

        "on a thread of its own it runs until it is stopped from another one" {
            reactor.start()
            expectEqual(reactor.isRunning, true, "isRunning")
            expectEqual(reactor.blockingCallFromThread { succeed(reactor.isInReactorThread) }, true, "whether calls are on its thread")
            val broken = BrokenCall()
            expect(expectThrows<BrokenCall> { reactor.blockingCallFromThread<Unit> { throw broken } } === broken) { "the error is thrown" }
            reactor.stopFromThread()
            expectEqual(
                reactor.stopAndJoin(java.time.Duration.ofSeconds(ReactorScene.MOST_SECONDS)),
                true,
                "whether it has ended",
            )
            expectThrows<ReactorNotRunningException> { reactor.blockingCallFromThread { succeed(Unit) } }
        }

        "those who wait for it when it ends are told" {
            reactor.start()
            val waiter = CompletableFuture<Throwable?>()
            val isAsked = CompletableFuture<Unit>()
            val asking =
                thread {
                    waiter.complete(
                        runCatching {
                            reactor.blockingCallFromThread {
                                isAsked.complete(Unit)
                                dev.torsion.defer.Deferred<Unit>()
                            }
                        }.exceptionOrNull(),
                    )
                }
            isAsked.get(ReactorScene.MOST_SECONDS, TimeUnit.SECONDS)
            reactor.stopFromThread()
            expectIs<ReactorNotRunningException>(waiter.get(ReactorScene.MOST_SECONDS, TimeUnit.SECONDS))
            asking.join()
        }
    }
