// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.escaped
import java.io.IOException
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * A connection was not established; Twisted's `ConnectError`. The subclasses say why.
 *
 * @property destination the destination, such as `example.com:80`; empty when only the message says it
 */
public open class CannotConnectException
@JvmOverloads
constructor(
    message: String,
    public val destination: String,
    cause: Throwable? = null,
) : IOException(message, cause)

/** Nobody listens there; Twisted's `ConnectionRefusedError`. */
public class ConnectionRefusedException
@JvmOverloads
constructor(destination: String, cause: Throwable? = null) :
    CannotConnectException("Connection to $destination was refused: nobody listens there.", destination, cause)

/** No answer within [timeout]; Twisted's `TimeoutError`. */
public class ConnectTimeoutException(
    destination: String,
    /** How long the attempt was given. */
    public val timeout: Duration,
) : CannotConnectException(
    "Connection to $destination was not established within ${TimeUnit.MILLISECONDS.convert(timeout)} ms.",
    destination,
)

/** The host name has no address; Twisted's `DNSLookupError`. */
public class DnsLookupException(
    /** The name that was looked up. */
    public val host: String,
    destination: String,
    cause: Throwable? = null,
) : CannotConnectException("Host name \"${escaped(host)}\" has no address.", destination, cause)

/** The attempt was given up by this side: `stopConnecting`, or a cancelled Deferred; Twisted's `ConnectingCancelledError`. */
public class ConnectingCancelledException(destination: String) :
    CannotConnectException("Connecting to $destination was cancelled by this side.", destination)

/** The factory's `buildProtocol` returned null: the connection was closed at once; Twisted's `NoProtocol`. */
public class NoProtocolException(destination: String) :
    CannotConnectException("The factory has no protocol for the connection to $destination.", destination)
