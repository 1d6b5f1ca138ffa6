// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Ends a handler with an answer; Twisted's `twisted.web.error.Error`. It is no fault of the server, so it is not reported.
 *
 * ```java
 * throw new ResponseException(404, "There is no such user.");
 * ```
 *
 * It is unchecked. It has no stack trace, since clients can cause any number of them.
 */
public class ResponseException private constructor(message: String?, private val answer: Response, cause: Throwable?) :
    RuntimeException(message, cause, false, false) {
    /** The answer is an error page of [status], from 400 to 599. */
    public constructor(status: Int) : this("$status ${reasonOf(status)}", Response.error(status), null)

    /** The answer is [text], which the client sees, with [status]. */
    public constructor(status: Int, text: String) : this("$status: $text", Response.text("$text\n").withStatus(status), null)

    /** [text] for the client as before, and a [cause] that it does not see. */
    public constructor(status: Int, text: String, cause: Throwable) :
        this("$status: $text", Response.text("$text\n").withStatus(status), cause)

    /** The answer is [response], whatever its status is. */
    public constructor(response: Response) : this("${response.status}", response, null)

    /** The answer. */
    public val response: Response get() = answer

    /** The status of the answer. */
    public val status: Int get() = answer.status
}
