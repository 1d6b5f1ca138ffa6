// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.jelly.Copyable
import dev.torsion.spread.jelly.RemoteCopy
import dev.torsion.spread.jelly.TypeRegistry
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.delay
import org.slf4j.event.Level
import java.util.function.Supplier

/** Pagers that a method returns, pagers that nobody begins, and what a page counts. */
internal class PagesSpec :
    FunSpec({
        test("a pager that a method returns begins then, and the answer comes when all pages were sent") {
            val server =
                RemoteMethods
                    .create()
                    .on("now") { bytes(it) }
                    .on("later") { succeed(bytes(it)) }
                    .onSuspend("suspended") { call ->
                        delay(1)
                        bytes(call)
                    }.on("begun") { call -> bytes(call).also { it.start() } }
                    .on("broken") { call -> Single(call.arg<RemoteReference>(0)) { throw java.io.IOException("the disk") } }
            scene(server.root()) {
                for (name in listOf("now", "later", "suspended", "begun")) {
                    withClue(name) {
                        val got = ArrayList<List<Any?>>()
                        root.callRemote(name, CallbackPageCollector { got.add(it) }).await() shouldBe null
                        got.single().map { (it as Bytes).size } shouldBe listOf(8192, 8192, 3616)
                    }
                }
                shouldThrow<RemoteError> { getAllPages(root, "broken").await() }.remoteMessage shouldBe "the disk"
                val unanswered = ArrayList<List<Any?>>()
                root.send("now", CallbackPageCollector { unanswered.add(it) })
                while (unanswered.isEmpty()) delay(1)
            }
        }

        test("a pager that has not begun in its turn is a warning, and may begin later; one that has begun is none") {
            var forgotten: Pager? = null
            val server =
                RemoteMethods
                    .create()
                    .on("begun") { bytes(it).start() }
                    .on("returned") { bytes(it) }
                    .on("forgotten") { call ->
                        forgotten = bytes(call)
                        null
                    }
            CapturedLogs.start().use { logs ->
                scene(server.root()) {
                    getAllPages(root, "begun").await().size shouldBe 3
                    getAllPages(root, "returned").await().size shouldBe 3
                    logs.events(Level.WARN).shouldBeEmpty()
                    val pages = getAllPages(root, "forgotten")
                    while (logs.events(Level.WARN).isEmpty()) delay(1)
                    logs.single(Level.WARN).message shouldContain "BytesPager was made and has not begun"
                    val pager = checkNotNull(forgotten)
                    val end = pager.start()
                    (pager.start() === end) shouldBe true
                    pages.await().size shouldBe 3
                    end.await()
                }
            }
        }

        test("pages for coroutines: collected, and failed") {
            val server = RemoteMethods.create().on("now") { bytes(it) }
            scene(server.root()) {
                awaitAllPages(root, "now").map { (it as Bytes).size } shouldBe listOf(8192, 8192, 3616)
                shouldThrow<PBError> { awaitAllPages(root, "now", maxBytes = 10_000) }
                shouldThrow<RemoteError> { awaitAllPages(root, "nobody") }
            }
        }

        test("pages that somebody was given stay as they are when the call fails afterwards") {
            val end = Deferred<Any?>()
            val server =
                RemoteMethods.create().on("get") { call ->
                    bytes(call).start().addErrback { }
                    end
                }
            CapturedLogs.start().use { logs ->
                scene(server.root()) {
                    val pages = awaitAllPages(root, "get")
                    pages.size shouldBe 3
                    end.errback(java.io.IOException("the disk"))
                    delay(1000)
                    pages.size shouldBe 3
                    logs.flushLoggedErrors(java.io.IOException::class.java).size shouldBe 1
                }
            }
        }

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
            val server = RemoteMethods.create().on("get") { call -> Single(call.arg<RemoteReference>(0)) { all[call.arg<String>(1)] } }
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

    private companion object {
        fun bytes(call: RemoteCall) = BytesPager(call.arg<RemoteReference>(0), ByteArray(20_000), 8192)
    }
}
