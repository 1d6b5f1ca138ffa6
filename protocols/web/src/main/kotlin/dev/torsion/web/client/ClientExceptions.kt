// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped
import dev.torsion.web.HttpException
import dev.torsion.web.HttpTimeoutException
import java.time.Duration

private const val REASON_SHOWN = 200

/** No connection was free for the request within [timeout]. Nothing was sent. */
public class QueueTimeoutException(timeout: Duration) : HttpTimeoutException("No connection was free for the request", timeout)

/** The server has sent no byte of an answer within [timeout] after the whole request. It may have carried the request out. */
public class ResponseTimeoutException(timeout: Duration) : HttpTimeoutException("The server has not begun to answer", timeout)

/** The head of an answer, also of one on the way, has begun, and has not come whole within [timeout]. */
public class HeadTimeoutException(timeout: Duration) : HttpTimeoutException("The head of the answer has not come whole", timeout)

/** An answer has begun, and its next byte has not come within [timeout]. */
public class ReadTimeoutException(timeout: Duration) : HttpTimeoutException("The next byte of the answer has not come", timeout)

/** The request and its answer were not done within [timeout]. */
public class RequestTimeoutException(timeout: Duration) : HttpTimeoutException("The request was not done", timeout)

/** Nobody has read the body of a response within [timeout], and its connection was ended. */
public class UnreadBodyException(timeout: Duration) : HttpTimeoutException("Nobody has read the body of the response", timeout)

/** As many requests wait for a connection as may: [limit]. Nothing was sent. */
public class AgentBusyException(
    /** How many may wait. */
    public val limit: Int,
) : HttpException("There are $limit requests already that wait for a connection.")

/** The agent was closed, or its reactor has ended. Nothing was sent. */
public class AgentClosedException
@JvmOverloads
constructor(cause: Throwable? = null) : HttpException("The agent was closed.", cause)

/**
 * The proxy has made no tunnel, but answered with [status]; 407 when it wants other credentials. Nothing was sent to the server.
 *
 * @property status the status that the proxy has answered with
 */
public class ProxyRefusedException(public val status: Int, reason: String) :
    HttpException(
        "The proxy has made no tunnel, but answered with $status${if (reason.isEmpty()) "" else " ${escaped(reason, REASON_SHOWN)}"}.",
    )
