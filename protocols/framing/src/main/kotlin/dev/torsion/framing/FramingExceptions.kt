// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ProtocolViolationException

// What the peer did wrong: all of these are protocol violations.

/**
 * The peer sent a frame that is longer than the limit, or announced one. It is raised as soon as that is certain, for a length
 * prefix before any byte of the frame has come.
 *
 * @property limit the most bytes that a frame may have
 * @property length how many bytes were announced, or -1 when the end of the frame had not been seen
 */
public class FrameTooLongException(
    what: String,
    public val limit: Long,
    public val length: Long = -1,
) : ProtocolViolationException(
    if (length >= 0) "$what of $length bytes is over the limit of $limit bytes." else "$what is over the limit of $limit bytes.",
)

/** The peer sent bytes that are no frame, such as a netstring whose length is not a number. */
public class MalformedFrameException(
    message: String,
) : ProtocolViolationException(message)

/**
 * The peer ended the connection inside a frame.
 *
 * @property bytes how many bytes of the unfinished frame had come
 */
public class TruncatedFrameException(
    public val bytes: Long,
) : ProtocolViolationException("The connection ended inside a frame, of which $bytes bytes had come.")

/** A frame was complete, but what is in it is not what the codec's [Content] says, such as bad UTF-8 or bad JSON. */
public class MalformedContentException(
    message: String,
    cause: Throwable? = null,
) : ProtocolViolationException(message, cause)

// What we did wrong: a message that the framing cannot carry. Nothing of it was sent.

/** A message of our own cannot be sent in this framing or content; nothing of it was written. */
public open class EncodeException(
    message: String,
    cause: Throwable? = null,
) : IllegalArgumentException(message, cause)

/**
 * A message of our own is longer than the framing allows; Twisted's `StringTooLongError`.
 *
 * @property limit the most bytes that a frame may have
 * @property length how many bytes the message has
 */
public class StringTooLongException(
    what: String,
    public val limit: Long,
    public val length: Long,
) : EncodeException("Cannot send $what of $length bytes: the limit is $limit bytes.")
