// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.future.await
import java.util.concurrent.CompletableFuture

/** The answers that a test has given, in their order; any thread may add some. A request for which there is none waits. */
internal class AnswerQueue {
    private val answers = ArrayDeque<MockResponse>()
    private val waiting = ArrayDeque<CompletableFuture<MockResponse>>()

    @Synchronized
    fun add(answer: MockResponse) {
        while (true) {
            val next = waiting.removeFirstOrNull() ?: break
            if (next.complete(answer)) return
        }
        answers.addLast(answer)
    }

    /** Takes the next answer if it is there, and [isWanted]. */
    @Synchronized
    fun takeIf(isWanted: (MockResponse) -> Boolean): MockResponse? =
        if (answers.firstOrNull()?.let(isWanted) == true) answers.removeFirst() else null

    suspend fun take(): MockResponse {
        val next = synchronized(this) {
            answers.removeFirstOrNull()?.let { return it }
            CompletableFuture<MockResponse>().also { waiting.addLast(it) }
        }
        try {
            return next.await()
        } catch (e: CancellationException) {
            if (next.isDone && !next.isCancelled) giveBack(next.join())
            throw e
        }
    }

    /** [answer] came when its request was gone. */
    @Synchronized
    private fun giveBack(answer: MockResponse) {
        while (true) {
            val next = waiting.removeFirstOrNull() ?: break
            if (next.complete(answer)) return
        }
        answers.addFirst(answer)
    }
}
