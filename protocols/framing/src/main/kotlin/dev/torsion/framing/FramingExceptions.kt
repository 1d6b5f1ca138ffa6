// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.log.escaped
import dev.torsion.log.escapedThrowable
import dev.torsion.log.safeMessage
import dev.torsion.net.ProtocolViolationException

// Faults of the peer: all of these are protocol violations.

/**
 * The peer sent a frame that is longer than the limit, or announced one. It is raised as soon as that is certain, for a length
 * prefix before any byte of the frame has come.
 *
 * @property limit the most bytes that a frame may have
 * @property length how many bytes were announced, or -1 when the end of the frame had not been seen
 */
public class FrameTooLongException(what: String, public val limit: Long, public val length: Long = -1) :
    ProtocolViolationException(
        if (length >= 0) "$what of $length bytes is over the limit of $limit bytes." else "$what is over the limit of $limit bytes.",
    )

/** The peer sent bytes that are no frame, such as a netstring whose length is not a number. */
public class MalformedFrameException(message: String) : ProtocolViolationException(message)

/**
 * The peer ended the connection inside a frame.
 *
 * @property bytes how many bytes of the unfinished frame had come
 */
public class TruncatedFrameException(public val bytes: Long) :
    ProtocolViolationException("The connection ended inside a frame, of which $bytes bytes had come.")

/**
 * A frame was complete, but what is in it is not what the codec's [Content] says, such as bad UTF-8 or bad JSON.
 *
 * The message shows the peer's bytes escaped and shortened. So does the message of the cause, which is a
 * [StandInException][dev.torsion.log.StandInException] where it quotes them.
 */
public class MalformedContentException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) :
    ProtocolViolationException(message, cause) {
    public companion object {
        /**
         * For a [Content] of your own: an exception that says [what] is wrong, and adds the message of [cause], escaped. A
         * [StackOverflowError] means that the peer's message is nested too deep.
         */
        @JvmStatic
        public fun of(what: String, cause: Throwable): MalformedContentException = if (cause is StackOverflowError) {
            MalformedContentException("$what: it is nested too deep.")
        } else {
            MalformedContentException("$what: ${escaped(safeMessage(cause) ?: cause.javaClass.name)}", escapedThrowable(cause))
        }
    }
}

// Our own fault: a message that the framing cannot carry. Nothing of it was sent.

/** A message of our own cannot be sent in this framing or content; nothing of it was written. */
public open class EncodeException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) :
    IllegalArgumentException(message, cause)

/**
 * A message of our own is longer than the framing allows; Twisted's `StringTooLongError`.
 *
 * @property limit the most bytes that a frame may have
 * @property length how many bytes the message has
 */
public class StringTooLongException(what: String, public val limit: Long, public val length: Long) :
    EncodeException("Cannot send $what of $length bytes: the limit is $limit bytes.")

/** The result of [decode]. When it fails the peer is to blame: its message cannot be understood, or is nested too deep. */
internal inline fun <T> understood(decode: () -> T): T = try {
    decode()
} catch (e: ProtocolViolationException) {
    throw e
} catch (e: Exception) {
    throw MalformedContentException.of(NOT_UNDERSTOOD, e)
} catch (e: StackOverflowError) {
    throw MalformedContentException.of(NOT_UNDERSTOOD, e)
}

internal const val NOT_UNDERSTOOD = "A message cannot be understood"

/**
 * TLS began, and [count] bytes that had come in the clear were still to be handled. An honest peer waits for the answer to its STARTTLS before
 * it sends more; somebody between might have put these in, to have them taken for encrypted ones (CVE-2011-0411).
 */
public class PlainBytesException(public val count: Int) :
    ProtocolViolationException("$count bytes followed in the clear where TLS was to begin")
