// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import java.io.InputStream
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/** The standard input of this JVM. */
internal object StandardInput {
    private val isClosedSinceStart by lazy { StandardDescriptors.isTakenByJvm(0) }
    private val shared = SharedInput { if (isClosedSinceStart) -1 else System.`in`.read(it) }

    /** See [SharedInput.open]. */
    fun open(): InputStream = shared.open()
}

/**
 * Standard input for those who stop reading it: nothing can end a read that waits for somebody to type. So one daemon thread [reads][readSource],
 * when it is asked. A piece that comes after its reader has gone is the next reader's.
 *
 * Thread: any; one reader at a time.
 */
internal class SharedInput(private val threads: PipeThreads = PipeThreads.DAEMONS, private val readSource: (ByteArray) -> Int) {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private var isWanted = false
    private var isAtWork = false
    private var piece: ByteArray? = null
    private var position = 0
    private var end: Result<Unit>? = null // of the stream: in order, or by a failure
    private var isUsed = false

    /**
     * The thread that reads it until that is closed. Its reads are interruptible. Throws an [IllegalStateException] while there is another
     * one.
     */
    fun open(): InputStream = lock.withLock {
        check(!isUsed) { "standard input is in use already: there is one in a program" }
        isUsed = true
        Stream()
    }

    /** Closing it waits for nobody, and ends a read of it. */
    inner class Stream internal constructor() : InputStream() {
        private var isClosed = false

        override fun read(): Int = ByteArray(1).let { if (read(it, 0, 1) < 0) -1 else it[0].toInt() and 0xff }

        override fun read(target: ByteArray, offset: Int, length: Int): Int = lock.withLock {
            while (true) {
                if (isClosed) return -1
                piece?.let { return taken(it, target, offset, length) }
                end?.let {
                    it.getOrThrow()
                    return -1
                }
                ask()
                changed.await()
            }
            @Suppress("UNREACHABLE_CODE")
            -1
        }

        override fun close(): Unit = lock.withLock {
            if (isClosed) return
            isClosed = true
            isUsed = false
            changed.signalAll()
        }
    }

    private fun taken(from: ByteArray, target: ByteArray, offset: Int, length: Int): Int {
        val count = minOf(length, from.size - position)
        from.copyInto(target, offset, position, position + count)
        position += count
        if (position == from.size) piece = null
        return count
    }

    private fun ask() {
        isWanted = true
        if (isAtWork) return changed.signalAll()
        threads.start("torsion-stdin", ::work)
        isAtWork = true // there was a thread for it, which waits for the lock
    }

    private fun work() {
        val buffer = ByteArray(PipeInput.PIECE)
        while (true) {
            lock.withLock { while (!isWanted) changed.await() }
            val result = runCatching { readSource(buffer) }
            lock.withLock {
                isWanted = false
                val count = result.getOrDefault(-1)
                if (count >= 0) {
                    piece = buffer.copyOf(count)
                    position = 0
                } else {
                    end = result.map { }
                    isAtWork = false
                }
                changed.signalAll()
                if (count < 0) return
            }
        }
    }
}
