// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.addTimeout
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import java.io.IOException
import java.time.Duration

/** Reads bodies that nobody wants, so that their connections are used again. */
internal object Discarding {
    private val MOST_TIME = Duration.ofSeconds(1)

    /** Reads the body of [response] up to [most] bytes, for a second at most, and closes it. */
    suspend fun discard(agent: Agent, response: ClientResponse, most: Long) {
        try {
            val length = response.headers["Content-Length"]?.toLongOrNull() ?: 0
            if (length <= most) rest(response, most).addTimeout(MOST_TIME, agent.reactor()).await()
        } catch (_: IOException) {
            // The head of the answer is there, and says it all. Its connection is not used again.
        } catch (_: DeferredTimeoutException) {
            // This one is not used again either.
        } finally {
            response.close()
        }
    }

    private fun rest(response: ClientResponse, most: Long): Deferred<Unit> = inlineCallbacks {
        var left = most
        while (left >= 0) left -= (response.body.next().await() ?: break).size
    }
}
