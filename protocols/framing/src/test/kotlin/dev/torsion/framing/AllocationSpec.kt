// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import com.sun.management.ThreadMXBean
import dev.torsion.net.ProtocolViolationException
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer

/** Decoding costs no memory per frame when the frame is taken as a view. */
class AllocationSpec :
    StringSpec({
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

        class Counting : FrameConsumer {
            var frames = 0
            var bytes = 0L

            override fun frameReceived(frame: ByteBuffer) {
                frames++
                bytes += frame.remaining()
            }

            override fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer) = throw violation
        }

        fun bytesPerFrame(framing: Framing): Double {
            val frames = 500
            val stream = framing.encoded(*Array(frames) { ByteArray(100) { 'x'.code.toByte() } })
            val read = ByteBuffer.allocateDirect(stream.size).put(stream).flip().asReadOnlyBuffer()
            val counting = Counting()
            val reader = FrameReader(framing.newDecoder(), counting)
            repeat(2000) { reader.feed(read.position(0)) }
            val rounds = 2000
            val before = threads.currentThreadAllocatedBytes
            repeat(rounds) { reader.feed(read.position(0)) }
            val allocated = threads.currentThreadAllocatedBytes - before
            counting.frames shouldBe frames * (2000 + rounds)
            counting.bytes shouldBe 100L * counting.frames
            return allocated.toDouble() / (frames * rounds)
        }

        for (framing in listOf(LineFraming(), LineFraming.anyNewline(), IntPrefixFraming(4), IntPrefixFraming(1), NetstringFraming())) {
            "$framing: no byte per frame" { bytesPerFrame(framing) shouldBeLessThan 0.01 }
        }
    })
