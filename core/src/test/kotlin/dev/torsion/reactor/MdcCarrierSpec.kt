// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.ContextCarrier
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.slf4j.MDC
import org.slf4j.helpers.BasicMDCAdapter
import kotlin.concurrent.thread

/** The tests' log has no MDC, so this one brings SLF4J's own. */
class MdcCarrierSpec :
    StringSpec({
        val adapter = MDC::class.java.getDeclaredField("MDC_ADAPTER").apply { isAccessible = true }
        val before = adapter.get(null)
        beforeSpec { adapter.set(null, BasicMDCAdapter()) }
        afterSpec { adapter.set(null, before) }
        afterTest { MDC.clear() }

        fun onAnotherThread(work: Runnable) = thread {
            MDC.clear() // a new thread begins with what its maker has
            work.run()
        }.join()

        "what is in the MDC when work is handed over is there in the thread, and what was there before comes back" {
            var during: Map<String, String>? = null
            var afterwards: Map<String, String>? = null
            MDC.put("request", "1")
            val carried = ContextCarrier.mdc().carry { during = MDC.getCopyOfContextMap() }
            MDC.put("request", "2")
            onAnotherThread {
                MDC.put("thread", "its own")
                carried.run()
                afterwards = MDC.getCopyOfContextMap()
            }
            during shouldBe mapOf("request" to "1")
            afterwards shouldBe mapOf("thread" to "its own")
        }

        "it is taken away again also when the work throws" {
            var afterwards: String? = "none"
            MDC.put("request", "1")
            val carried = ContextCarrier.mdc().carry { error("work") }
            onAnotherThread {
                runCatching { carried.run() }.isFailure shouldBe true
                afterwards = MDC.get("request")
            }
            afterwards shouldBe null
        }

        "an empty MDC costs nothing: the work is handed on as it is" {
            val work = Runnable {}
            ContextCarrier.mdc().carry(work) shouldBeSameInstanceAs work
            ContextCarrier.none().carry(work) shouldBeSameInstanceAs work
        }
    })
