// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.reactor.ReactorThreads
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.util.concurrent.Callable
import java.util.concurrent.RejectedExecutionException

/** Two that ask while a look has not begun share it; no answer is older than its question. */
class SharedLooksSpec :
    FunSpec({
        /** A pool whose calls the test begins and ends. */
        class Pool(reactor: MemoryReactor) : ReactorThreads by reactor {
            inner class Call<T>(private val call: Callable<T>) {
                val result = Deferred<T>()
                private var found: Result<T>? = null

                fun begin() {
                    found = runCatching { call.call() }
                }

                fun end(): Unit = found!!.fold(result::callback, result::errback)
            }

            val calls = ArrayDeque<Call<*>>()
            var isFull = false

            override fun <T> deferToThread(call: Callable<T>): Deferred<T> {
                if (isFull) throw RejectedExecutionException("full")
                return Call(call).also(calls::add).result
            }
        }

        class Scene(reactor: MemoryReactor, look: (String) -> String) {
            val pool = Pool(reactor)
            val looks = SharedLooks(pool, look)
            val heard = ArrayList<String>()

            fun ask(key: String, name: String): Deferred<String> = looks.ask(key).also { answer ->
                answer.addCallbacks({
                    heard.add("$name: $it")
                }, { heard.add("$name: ${it.value.javaClass.simpleName} ${it.value.message}") })
            }

            fun run() = pool.calls.removeFirst().run {
                begin()
                end()
            }
        }

        fun looking(look: (String) -> String = { it }, test: Scene.() -> Unit) = MemoryReactor().use { Scene(it, look).test() }

        test("those who ask before a look begins share it; who asks afterwards gets the next one") {
            var looked = 0
            looking({ "$it ${++looked}" }) {
                ask("a", "first")
                ask("a", "second")
                ask("b", "other")
                pool.calls.size shouldBe 2
                val running = pool.calls.removeFirst().apply { begin() }
                ask("a", "third")
                ask("a", "fourth")
                pool.calls.size shouldBe 1 // that of b: of a no other one runs at the same time
                heard.shouldBeEmpty()
                running.end()
                heard shouldBe listOf("first: a 1", "second: a 1")
                run()
                run()
                heard.drop(2) shouldBe listOf("other: b 2", "third: a 3", "fourth: a 3")
                looks.size shouldBe 0
                pool.calls.size shouldBe 0
            }
        }

        test("one that is cancelled leaves the look to the others; a look that nobody waits for any more does not begin") {
            looking {
                val first = ask("a", "first")
                ask("a", "second")
                first.cancel()
                val running = pool.calls.removeFirst().apply { begin() }
                ask("a", "third").cancel()
                heard.clear()
                running.end()
                heard shouldBe listOf("second: a")
                pool.calls.size shouldBe 0
                looks.size shouldBe 0
            }
        }

        test("a look that has begun and that nobody waits for any more leaves nothing, and its error is nobody's") {
            for (isFailing in listOf(false, true)) {
                looking({ if (isFailing) throw IllegalStateException("broken") else it }) {
                    CapturedLogs.start().use { logs ->
                        val answers = listOf(ask("a", "first"), ask("a", "second"))
                        val running = pool.calls.removeFirst().apply { begin() }
                        answers.forEach { it.cancel() }
                        heard.clear()
                        running.end()
                        heard.shouldBeEmpty()
                        logs.flushLoggedErrors().shouldBeEmpty()
                        looks.size shouldBe 0
                        pool.calls.size shouldBe 0
                        ask("a", "third")
                        run()
                        heard.single() shouldBe if (isFailing) "third: IllegalStateException broken" else "third: a"
                    }
                }
            }
        }

        test("one that hears of an answer may ask again, and may cancel another") {
            looking {
                val answers = ArrayList<Deferred<String>>()
                looks.ask("a").addCallback {
                    answers[0].cancel()
                    ask("a", "again")
                }
                answers.add(ask("a", "second"))
                run()
                heard shouldBe listOf("second: DeferredCancelledException cancelled")
                run()
                heard.last() shouldBe "again: a"
                looks.size shouldBe 0
            }
        }

        test("an error is everyone's, and so is a pool that takes nothing more") {
            looking({ throw IllegalStateException("broken") }) {
                ask("a", "first")
                ask("a", "second")
                run()
                heard shouldBe listOf("first: IllegalStateException broken", "second: IllegalStateException broken")
                pool.isFull = true
                ask("a", "third")
                heard.last() shouldBe "third: RejectedExecutionException full"
                looks.size shouldBe 0
            }
        }
    })
