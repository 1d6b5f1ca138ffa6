// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.spread.jelly.Copyable
import dev.torsion.spread.jelly.RemoteCopy
import dev.torsion.spread.jelly.TypeRegistry
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.function.Supplier

/** What a page counts. */
internal class PagesSpec :
    FunSpec({
        test("a page counts with all that it holds, and a part that it holds many times counts once") {
            val text = "x".repeat(1_000)
            val part = listOf(text)
            val cycle = ArrayList<Any?>().apply { add(this) }
            val large =
                mapOf(
                    "numbers" to List(1_000) { it },
                    "texts" to List(20) { "$text$it" },
                    "a map" to (0 until 500).associateWith { "" },
                    "an object" to Large(20_000),
                    "objects" to List(10) { Large(2_000) },
                )
            val small = mapOf("one part" to List(300) { part }, "a cycle" to cycle, "text" to "x".repeat(15_000))
            val all = large + small
            val server = RemoteMethods.create().on("get") { call -> Single(call.arg<RemoteReference>(0)) { all[call.arg<String>(1)] }.start() }
            val types = TypeRegistry.builder().remoteCopy("test.Large", Supplier { RemoteLarge() }).build()
            scene(server.root(), PBOptions(types)) {
                for (name in large.keys) {
                    withClue(name) {
                        shouldThrow<PBError> { getAllPages(root, "get", listOf(name), maxBytes = 19_999).await() }
                            .message shouldContain "19999"
                    }
                }
                for (name in small.keys) {
                    withClue(name) { getAllPages(root, "get", listOf(name), maxBytes = 19_999).await().size shouldBe 1 }
                }
            }
        }
    }) {
    private class Single(collector: RemoteReference, private val page: () -> Any?) : Pager(collector) {
        private var isSent = false

        override fun nextPage(): Deferred<Any?> {
            if (isSent) return succeed(null)
            isSent = true
            return succeed(page())
        }
    }

    private class Large(private val size: Int) : Copyable {
        override fun typeToCopyFor(perspective: Any?) = "test.Large"

        override fun stateToCopyFor(perspective: Any?) = mapOf("data" to ByteArray(size))
    }

    private class RemoteLarge : RemoteCopy {
        var state: Any? = null

        override fun setCopyableState(state: Any?) {
            this.state = state
        }
    }
}
