// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.log.readable
import java.io.IOException
import java.time.Duration

/**
 * The peer had ended its side, and the handler has neither ended nor sent anything for [timeout] since: the cause of a
 * [dev.torsion.net.ConnectionAborted]. See [ConnectionOptions.answerTimeout].
 */
public class AnswerTimeoutException(
    /** How long the handler was given. */
    public val timeout: Duration,
) : IOException("The peer had ended its side, and the handler has sent nothing for ${readable(timeout)} since.")

/** Gives a handler time for its last answer: calls [expired] once nothing was [sent] for [timeout], no output has gone out, and no message [isHeld]. */
internal class LastAnswer(
    private val clock: Clock,
    private val timeout: Duration,
    private val connection: IdleSubject,
    private val isHeld: () -> Boolean,
    private val expired: (AnswerTimeoutException) -> Unit,
) : IdleSubject {
    private var least = connection.bufferedBytes
    private var watch = watch()

    override val isBusy: Boolean get() = false

    /** Only what goes out counts: heartbeats that nobody reads come on top, and they are no answer. */
    override val bufferedBytes: Long get() = minOf(least, connection.bufferedBytes).also { least = it }

    fun sent() {
        least = Long.MAX_VALUE
        watch.sent()
    }

    fun stop() = watch.stop()

    override fun idle(error: IdleTimeoutException, isFlowing: Boolean) {
        if (isHeld()) watch = watch() else expired(AnswerTimeoutException(timeout))
    }

    private fun watch() = IdleWatch(clock, IdleLimits(write = timeout), this)
}
