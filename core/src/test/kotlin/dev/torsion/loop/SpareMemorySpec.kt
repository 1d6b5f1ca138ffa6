// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.nio.ReadBuffer
import dev.torsion.stream.ChunkPool
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.channels.ReadableByteChannel
import java.time.Duration

/** Direct memory that saves a copy, and what becomes of those who find none. */
class SpareMemorySpec :
    FunSpec({
        fun none(): ByteBuffer = throw OutOfMemoryError("Cannot reserve 65536 bytes of direct buffer memory")

        test("who is refused is not asked for a minute: each time the JDK would collect all garbage and wait for half a second") {
            var now = Long.MAX_VALUE - 10 // a clock of the JDK may begin anywhere
            var asked = 0
            var isThere = true
            val memory = SpareMemory({ now }) { size ->
                asked++
                if (isThere) ByteBuffer.allocateDirect(size) else none()
            }
            memory.take(10)!!.capacity() shouldBe 10
            isThere = false
            repeat(3) { memory.take(10) shouldBe null }
            asked shouldBe 2
            now += Duration.ofMinutes(1).toNanos() - 1
            memory.take(10) shouldBe null
            asked shouldBe 2
            now++
            memory.take(10) shouldBe null
            asked shouldBe 3
            isThere = true
            now += Duration.ofMinutes(1).toNanos()
            repeat(2) { memory.take(10).shouldNotBeNull() }
        }

        test("bytes that have to wait do so on the heap then, and a read that is filled stays small") {
            val empty = SpareMemory { none() }
            val chunks = ChunkPool(empty)
            repeat(2) { chunks.take().isDirect shouldBe false }
            val buffer = ReadBuffer(empty)
            val endless = object : ReadableByteChannel {
                override fun read(to: ByteBuffer): Int = to.remaining().also { to.position(to.limit()) }

                override fun isOpen() = true

                override fun close() = Unit
            }
            repeat(3) {
                buffer.readFrom(endless) shouldBe 64 * 1024
                buffer.wasFilled shouldBe true
                buffer.view(64 * 1024).remaining() shouldBe 64 * 1024
            }
        }
    })
