// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.readable
import java.io.IOException
import java.time.Duration

/** The base of the errors of HTTP. */
public open class HttpException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : IOException(message, cause)

/**
 * The peer has broken a rule of HTTP, or one of our limits. The connection ends, since bytes behind such a message cannot be understood.
 *
 * @property status the status that a server answers with, such as 400, 413 or 431
 * @property rule the place of the rule, such as `RFC 9112 6.3`; or the name of the limit
 */
public class HttpViolationException(message: String, public val status: Int, public val rule: String) : HttpException("$message ($rule)") {
    // It is the peer's fault: our stack says nothing, and a peer could make us fill in many.
    override fun fillInStackTrace(): Throwable = this
}

/** A part of a message, in their order. */
public enum class MessagePart {
    /** Before its first byte. */
    START,

    /** Between its first byte and the end of its head. */
    HEAD,

    /** Behind its head. */
    BODY,
}

/**
 * The connection ended before the message was whole.
 *
 * @property part how far the message had come
 */
public class IncompleteMessageException
@JvmOverloads
constructor(
    message: String,
    cause: Throwable? = null,
    public val part: MessagePart = MessagePart.BODY,
) : HttpException(message, cause)

/** A body has more bytes than its reader allows. */
public class BodyTooLargeException(
    /** How many bytes were allowed. */
    public val limit: Long,
) : HttpException("The body has more than the $limit bytes that are allowed.")

/** Nothing has happened for too long. */
public open class HttpTimeoutException(
    message: String,
    /** How long it was given. */
    public val timeout: Duration,
) : HttpException("$message within ${readable(timeout)}.")

/** Whether [fault] is among the causes of [of], which is an error of anybody's. */
internal fun isCause(fault: Throwable, of: Throwable): Boolean = try {
    generateSequence(of) { it.cause }.take(MOST_CAUSES).any { it === fault }
} catch (_: Throwable) { // it does not even tell its cause
    false
}

private const val MOST_CAUSES = 5
