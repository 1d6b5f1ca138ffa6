// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import java.io.IOException

internal class ParkedSpec :
    StringSpec({
        "in every order, a value is had by the coroutine or given back, once, and who is cancelled while waiting is told once" {
            everyOrder {
                val seen = ArrayList<String>()
                lateinit var parking: Parking<Int>
                val job =
                    CoroutineScope(dispatcher("dispatch")).launch(start = CoroutineStart.UNDISPATCHED) {
                        val value = park<Int>({ seen.add("cancelled") }, { seen.add("given back $it") }) { parking = it }
                        seen.add("got $value")
                    }
                parking.isWaiting shouldBe true
                move("resume") { parking.resume(1) }
                move("cancel") { job.cancel(null) }
                play()
                parking.isWaiting shouldBe false
                val fates = listOf(listOf("got 1"), listOf("given back 1"), listOf("cancelled", "given back 1"))
                fates.contains(seen) shouldBe true
            } shouldBeGreaterThan 2
        }

        "an error is thrown to who waits, and dropped when nobody does" {
            val seen = ArrayList<String>()
            lateinit var parking: Parking<Int>
            fun wait() = CoroutineScope(Dispatchers.Unconfined).launch {
                try {
                    park<Int>({ seen.add("cancelled") }) { parking = it }
                } catch (e: IOException) {
                    seen.add("${e.message}")
                }
            }
            wait()
            parking.fail(IOException("down"))
            seen shouldContainExactly listOf("down")
            wait().cancel(null)
            parking.fail(IOException("late"))
            seen shouldContainExactly listOf("down", "cancelled")
        }

        "in a coroutine that is cancelled already nothing is begun" {
            val seen = ArrayList<String>()
            val job = Job().apply { cancel(null) }
            CoroutineScope(Dispatchers.Unconfined + job).launch(start = CoroutineStart.UNDISPATCHED) {
                park<Int>({ seen.add("cancelled") }) { seen.add("begun") }
            }
            seen shouldContainExactly listOf("cancelled")
        }

        "a cancelled coroutine that begins to wait takes the failure of what it cancels" {
            var cancels = 0
            val source = Deferred<Int> { cancels++ }
            val job = Job().apply { cancel(null) }
            CoroutineScope(Dispatchers.Unconfined + job).launch(start = CoroutineStart.UNDISPATCHED) { source.await() }
            cancels shouldBe 1
            outcomeOf(source) shouldBe Success(null)
        }

        "a watch tells of a job's cancellation before its coroutines have ended, and of its end, once" {
            val ended = ArrayList<String>()
            val cancelled = Job()
            val child = Job(cancelled)
            val watch = watch(cancelled) { ended.add("cancelled, completed: ${cancelled.isCompleted}") }
            cancelled.cancel(null)
            ended shouldContainExactly listOf("cancelled, completed: false")
            child.isCompleted shouldBe true
            watch.close()
            val completed = Job()
            watch(completed) { ended.add("completed") }
            completed.complete()
            watch(completed) { ended.add("at once") }
            ended.drop(1) shouldContainExactly listOf("completed", "at once")
        }

        "a job does not wait for its watch, and a watch that was closed tells nothing" {
            val job = Job()
            val watch = watch(job) { error("told") }
            job.children.toList() shouldBe emptyList()
            watch.close()
            watch.close()
            job.complete()
            job.isCompleted shouldBe true
        }
    })
