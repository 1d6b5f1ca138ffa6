// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.file.Path
import java.time.Instant

/** The bytes of small files, as long as the system says that they are the same. */
class FileContentsSpec :
    FunSpec({
        val long = Instant.parse("2026-01-01T00:00:00Z")
        val now = Instant.parse("2026-01-02T00:00:00Z")
        val state = FileState("key", 3, long, long, isFile = true, isFolder = false)

        fun file(name: String, state: FileState, bytes: ByteArray? = null, coding: String? = null) =
            FoundFile(Path.of(name), state, "text/plain", coding, isOfSeveral = false, {
                error("$it is not opened")
            }, bytes?.let(ByteBuffer::wrap))

        fun read(name: String, state: FileState, size: Int = 3) = file(name, state, ByteArray(size))

        test("they are known while nothing that the system tells has changed") {
            val contents = FileContents(10_000) { now }
            contents.keep(read("a", state))
            contents.known(file("a", state))!!.bytes!!.remaining() shouldBe 3
            mapOf(
                "another file" to state.copy(key = "other"),
                "its size" to state.copy(size = 4),
                "its time" to state.copy(modified = now),
                "its permissions" to state.copy(changed = now),
            ).forEach { (what, changed) -> withClue(what) { contents.known(file("a", changed)) shouldBe null } }
            contents.known(file("b", state)) shouldBe null
            contents.known(file("a", state, coding = "gzip")) shouldBe null
        }

        test("a file that may change once more at the same time is not kept, and neither is one whose changes the system does not tell") {
            val contents = FileContents(10_000) { now }
            for (changed in listOf(now.plusSeconds(9), now, now.minusMillis(1999))) contents.keep(read("a", state.copy(changed = changed)))
            contents.keep(read("a", state.copy(changed = null)))
            contents.keep(read("a", state.copy(key = null)))
            contents.size shouldBe 0
            contents.keep(read("a", state.copy(changed = now.minusSeconds(2))))
            contents.known(file("a", state.copy(changed = now.minusSeconds(2))))!!.bytes!!.remaining() shouldBe 3
        }

        test("they are no more than the limit, and those that were asked for least lately go") {
            val contents = FileContents(3 * (1024 + 3)) { now }
            for (name in listOf("a", "b", "c")) contents.keep(read(name, state))
            contents.known(file("a", state))
            contents.keep(read("d", state))
            listOf("a", "b", "c", "d").filter { contents.known(file(it, state)) != null } shouldBe listOf("a", "c", "d")
            contents.keep(read("a", state.copy(size = 1), size = 1)) // in its own place
            contents.size shouldBe 3 * 1024 + 3 + 3 + 1
            contents.keep(read("large", state, size = 4000))
            contents.known(file("large", state)) shouldBe null
            for (i in 1..1000) {
                contents.keep(read("$i", state, size = i % 50))
                contents.size shouldBeLessThanOrEqual 3 * (1024 + 3)
            }
        }

        test("bytes that are asked for again go to direct memory in their place; those that are gone or others by now do not come back") {
            val size = 16 * 1024
            val large = state.copy(size = size.toLong())
            val contents = FileContents(2L * (size + 1024)) { now }
            val first = read("a", large, size)
            contents.keep(first)
            val again = contents.again(contents.known(file("a", large))!!)
            again.bytes!!.isDirect shouldBe true
            again.tag shouldBe first.tag
            contents.known(file("a", large)) shouldBe again
            contents.again(again) shouldBe again
            contents.size shouldBe size + 1024L
            contents.again(first)
            contents.known(file("a", large)) shouldBe again
            contents.keep(read("b", large, size))
            contents.keep(read("c", large, size))
            contents.again(first).bytes!!.isDirect shouldBe true // who has it sends it
            contents.known(file("a", large)) shouldBe null
            contents.size shouldBe 2 * (size + 1024L)
        }

        test("without direct memory the bytes stay where they are") {
            val size = 16 * 1024
            val large = state.copy(size = size.toLong())
            val contents = FileContents(100_000) { now }
            val first = read("a", large, size)
            contents.keep(first)
            contents.again(first) { null } shouldBe first
            contents.known(file("a", large)) shouldBe first
            contents.again(first).bytes!!.isDirect shouldBe true
        }

        test("without room nothing is kept") {
            val contents = FileContents(0) { now }
            contents.keep(read("a", state))
            contents.known(file("a", state)) shouldBe null
            contents.size shouldBe 0
        }
    })
