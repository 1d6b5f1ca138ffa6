// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.io.IOException

/** The side that ended a connection. */
public enum class ClosedBy {
    /** This side: `loseConnection`, `abortConnection`, a limit, or the end of the reactor. */
    US,

    /** The other side: it closed, or its machine sent a reset. */
    PEER,

    /** Neither: nothing came through any more, or there is no way to the other side. Known by the message of the operating system, in English. */
    NETWORK,
}

/** How far a connection was when it ended. */
public enum class ClosePhase {
    /** Established, and neither side had asked for its end. */
    OPEN,

    /** We had asked for its end, and written bytes were still on their way out. */
    CLOSING,
}

/**
 * Why a connection is gone, for [Protocol.connectionLost].
 *
 * The kinds are [ConnectionDone] (closed in an orderly way), [ConnectionLost] (broken) and [ConnectionAborted] (cut by us). An attempt that
 * never became a connection ends in a [CannotConnectException]. It is an exception, so that a Deferred, a future or a suspend function can fail
 * with it as it is.
 *
 * @property by who ended it
 * @property phase how far the connection was
 * @property unsentBytes how many written bytes never reached the operating system; the peer's data may be cut short by as many
 */
public sealed class CloseReason(
    message: String,
    cause: Throwable?,
    public val by: ClosedBy,
    public val phase: ClosePhase,
    public val unsentBytes: Long,
) : IOException(message, cause) {
    /** True when the stream ended at a place that both sides meant: nothing broke, and all our bytes were sent. */
    public val isClean: Boolean get() = this is ConnectionDone && unsentBytes == 0L

    // Made once per connection, far from the code that is to blame: its stack says nothing and would cost more than the close.
    override fun fillInStackTrace(): Throwable = this
}

/** The connection was closed in an orderly way, by either side; Twisted's `ConnectionDone`. */
public class ConnectionDone
@JvmOverloads
constructor(by: ClosedBy, phase: ClosePhase = ClosePhase.OPEN, unsentBytes: Long = 0) :
    CloseReason(
        when (by) {
            ClosedBy.US -> "The connection was closed cleanly by this side."
            else -> "The connection was closed cleanly by the peer."
        } + if (unsentBytes > 0) " $unsentBytes written bytes were left unsent." else "",
        null,
        by,
        phase,
        unsentBytes,
    )

/** The connection broke: reset by the peer, timed out by the network, or the reactor ended under it; Twisted's `ConnectionLost`. */
public class ConnectionLost
@JvmOverloads
constructor(
    message: String,
    cause: Throwable? = null,
    by: ClosedBy = ClosedBy.PEER,
    phase: ClosePhase = ClosePhase.OPEN,
    unsentBytes: Long = 0,
) : CloseReason(message, cause, by, phase, unsentBytes)

/**
 * This side cut the connection without flushing: by `abortConnection`, or at a limit; Twisted's `ConnectionAborted`. Or it ended the
 * connection for an error, with [Transport.loseConnection]: then [unsentBytes] is 0, unless the peer did not take all bytes. The [cause] is
 * the limit or the error, if there was one.
 */
public class ConnectionAborted
@JvmOverloads
constructor(
    message: String,
    cause: Throwable? = null,
    phase: ClosePhase = ClosePhase.OPEN,
    unsentBytes: Long = 0,
) : CloseReason(message, cause, ClosedBy.US, phase, unsentBytes)

/** An error that knows who has broken the connection. */
internal interface HasBreaker {
    val by: ClosedBy
}
