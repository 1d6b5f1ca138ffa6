// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.log.escaped
import dev.torsion.net.CloseReason
import dev.torsion.spread.jelly.RemoteFailure

/**
 * An error that a method means the other side to see; Twisted's `pb.Error`. Unlike others it is not logged here. The other side gets its
 * type and its message.
 */
public open class PBError
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : Exception(message, cause)

/** The connection of this reference has ended, or the reference was closed; Twisted's `DeadReferenceError`. */
public class DeadReferenceException(message: String) : IllegalStateException(message)

/**
 * The connection ended before the answer came; Twisted's `PBConnectionLost`. Whether the call was carried out is not known.
 *
 * @property reason why the connection ended
 */
public class PBConnectionLost(public val reason: CloseReason) :
    java.io.IOException("The connection ended before the answer came. ${reason.message}", reason) {
    // Made for each call that waits, in the reactor: its stack says nothing.
    override fun fillInStackTrace(): Throwable = this
}

/**
 * The method on the other side has failed; Twisted's `RemoteError` and `CopiedFailure`. When the
 * [registry][dev.torsion.spread.jelly.TypeRegistry.Builder.exception] has an exception for the type, the call fails with that exception,
 * and this one is its cause.
 *
 * Its texts are the peer's. [message] has them with control characters escaped and long ones cut, so it is fit for a log.
 *
 * @property remoteType the full name of the exception's type there, such as `builtins.ValueError`
 * @property remoteMessage its message, as it came
 * @property remoteParents the names of its type and of the types above that; see [isA]
 * @property remoteTraceback where it was raised, as it came; by default a line which says that this is not told
 */
public class RemoteError internal constructor(failure: RemoteFailure) :
    Exception(escaped(failure.type, LONGEST_TYPE) + ": " + escaped(failure.value, LONGEST_MESSAGE)) {
    public val remoteType: String = failure.type
    public val remoteMessage: String = failure.value
    public val remoteParents: List<String> = failure.parents
    public val remoteTraceback: String = failure.traceback

    /** Whether it is of the type with this [name], or of one below that; Twisted's `failure.check("name")`. */
    public fun isA(name: String): Boolean = name == remoteType || name in remoteParents

    private companion object {
        const val LONGEST_TYPE = 200
        const val LONGEST_MESSAGE = 2_000
    }
}

/** The object has no method of that name; on the wire `twisted.spread.flavors.NoSuchMethod`. */
internal class NoSuchMethod(message: String) : Exception(message)

/** The arguments do not fit the method; on the wire `builtins.TypeError`. */
internal class ArgumentMismatch(message: String) : IllegalArgumentException(message)
