// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.log.escaped
import dev.torsion.log.safeMessage
import dev.torsion.net.CloseReason

/** The base of AMP's errors; Twisted's `AmpError`. */
public open class AmpException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : RuntimeException(message, cause)

/**
 * A key has more than 255 bytes, or a value more than 65,535; Twisted's `TooLong`. Nothing of its box was sent.
 *
 * @property key the key, or the key of the value
 * @property length how many bytes it has
 * @property isKey whether the key is too long, and not its value
 */
public class TooLongException(public val key: String, public val length: Int, public val isKey: Boolean) :
    AmpException(
        if (isKey) {
            "A key has $length bytes, but may have ${AmpBox.MAX_KEY_LENGTH}: ${escaped(key, SHOWN)}"
        } else {
            "The value of \"${escaped(key, SHOWN)}\" has $length bytes, but may have ${AmpBox.MAX_VALUE_LENGTH}."
        },
    )

/**
 * The values do not fit the command: one is missing, belongs to another command, or has no form on the wire; Twisted's
 * `InvalidSignature`. Nothing was sent.
 */
public class InvalidSignatureException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : AmpException(message, cause)

/**
 * The other side has answered with an error; Twisted's `RemoteAmpError`. A declared error comes as the exception that the command has
 * declared. Every other one comes as an [UnknownRemoteException].
 *
 * The [description] is the peer's. [message] has its control characters escaped and is cut, so it is fit for a log.
 *
 * @property errorCode the code, such as `ZERO_DIVISION`
 * @property description the text of the other side, as it came
 */
public open class RemoteAmpException(public val errorCode: String, public val description: String) :
    AmpException("${escaped(errorCode, SHOWN)}: ${escaped(description, LONG)}")

/** The other side has failed with an error that the command has not declared, as a rule `UNKNOWN`; Twisted's `UnknownRemoteError`. */
public class UnknownRemoteException(errorCode: String, description: String) : RemoteAmpException(errorCode, description)

/** The other side does not know the command; Twisted's `UnhandledCommand`. The connection goes on. */
public class UnhandledCommandException(description: String) : RemoteAmpException(UNHANDLED, description)

/** As many calls wait for answers as [AmpOptions.maxCalls] says. Nothing was sent. */
public class TooManyCallsException(limit: Int) :
    AmpException("There are $limit calls that wait for their answers, the limit of this connection.")

/** The connection has gone over to another protocol, or has asked for it; Twisted's `ProtocolSwitched`. */
public class ProtocolSwitchedException(message: String) : AmpException(message)

/** TLS was started on this connection already, or is about to be; Twisted's `OnlyOneTLS`. */
public class OnlyOneTLSException : AmpException("TLS is started once on a connection at most.")

/** There can be no TLS on the transport of this connection, or not with such [TLSSettings]. Nothing was sent. */
public class TLSNotAvailableException(transport: String) : AmpException("TLS cannot be started on $transport.")

/** The other side does not start TLS: the call that waited for it was not sent. The [cause] is its answer. */
public class TLSRefusedException(cause: Throwable) :
    AmpException("The call was to go over TLS, and the other side has not started it.", cause)

/** The result of a responder is no answer of its command, or has no form on the wire; Twisted's `BadLocalReturn`. The log shows it. */
public class BadLocalReturnException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : AmpException(message, cause)

/**
 * The connection ended before the answer came, or before the call. Whether a call that was sent was carried out is not known. (In Twisted
 * calls fail with the reason itself.)
 *
 * @property reason why the connection ended
 */
public class AmpConnectionLost(public val reason: CloseReason) :
    java.io.IOException("The connection has ended. ${reason.message}", reason) {
    // Made for each call that waits, in the reactor: its stack says nothing.
    override fun fillInStackTrace(): Throwable = this
}

internal const val UNHANDLED = "UNHANDLED"
internal const val UNKNOWN = "UNKNOWN"

private const val SHOWN = 80

/** How much of a description is shown. */
internal const val LONG: Int = 2_000

/** The message of [error], fit for a log: the user's types and parsers quote bytes that the peer has sent. */
internal fun shown(error: Throwable): String = escaped(safeMessage(error) ?: error.javaClass.name)
