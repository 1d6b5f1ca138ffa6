// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.LoginDenied
import dev.torsion.cred.LoginFailed
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.cred.UnhandledCredentials
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.log.escaped
import dev.torsion.log.safeMessage
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.jelly.RemoteFailure
import dev.torsion.spread.jelly.TypeRegistry
import dev.torsion.spread.jelly.namesOf
import java.io.PrintWriter
import java.io.StringWriter

/** Exceptions to Twisted's `CopyableFailure` and back. */
internal object RemoteFailures {
    const val TYPE = "twisted.spread.pb.CopyableFailure"
    val TAG = Bytes.utf8(TYPE)

    private const val UNAVAILABLE = "Traceback unavailable\n"
    private const val UNAUTHORIZED = "twisted.cred.error.UnauthorizedLogin"
    private const val DENIED = "twisted.cred.error.LoginDenied"
    private const val UNHANDLED = "twisted.cred.error.UnhandledCredentials"
    private const val LOGIN_FAILED = "twisted.cred.error.LoginFailed"

    /** As much of a message as is sent: whatever an exception says, the other side hears of it. */
    private const val LONGEST_MESSAGE = 10_000
    private const val LONGEST_TRACE = 60_000

    private val names: Map<Class<*>, String> =
        mapOf(
            NoSuchMethod::class.java to "twisted.spread.flavors.NoSuchMethod",
            ArgumentMismatch::class.java to "builtins.TypeError",
            PBError::class.java to "twisted.spread.pb.Error",
            DeferredCancelledException::class.java to "twisted.internet.defer.CancelledError",
            UnsendableValueException::class.java to "twisted.spread.jelly.InsecureJelly",
            dev.torsion.spread.jelly.InsecureJellyException::class.java to "twisted.spread.jelly.InsecureJelly",
            UnauthorizedLogin::class.java to UNAUTHORIZED,
            LoginDenied::class.java to DENIED,
            UnhandledCredentials::class.java to UNHANDLED,
            LoginFailed::class.java to LOGIN_FAILED,
        )

    /** So that Twisted's side can trap them as what they are there. */
    private val pythonParents = listOf("builtins.Exception", "builtins.BaseException", "builtins.object")

    /** Those which say something to the other side only, and are no news here. */
    fun isForPeer(error: Throwable): Boolean = when (error) {
        is PBError, is LoginFailed, is NoSuchMethod, is ArgumentMismatch, is ProtocolViolationException -> true
        else -> false
    }

    fun state(error: Throwable, options: PBOptions): Map<String, Any?> {
        val remote = error as? RemoteError
        val types = generateSequence<Class<*>>(error.javaClass) { it.superclass }.takeWhile { it != Any::class.java }.toList()
        val parents = remote?.remoteParents ?: (types.map { nameOf(it, options) } + pythonParents).distinct()
        return linkedMapOf(
            "type" to Bytes.utf8(remote?.remoteType ?: parents.first()),
            "value" to sendable(remote?.remoteMessage ?: safeMessage(error) ?: "", LONGEST_MESSAGE),
            "parents" to parents,
            "traceback" to if (options.unsafeTracebacks) trace(error) else UNAVAILABLE,
            "tb" to null,
            "frames" to emptyList<Any?>().toMutableList(),
            "stack" to emptyList<Any?>().toMutableList(),
        )
    }

    private fun nameOf(type: Class<*>, options: PBOptions) = options.types.errorName(type) ?: names[type] ?: type.name

    private fun trace(error: Throwable): String {
        val text = StringWriter()
        try {
            error.printStackTrace(PrintWriter(text, true))
        } catch (e: RuntimeException) {
            return "The stack trace throws ${e.javaClass.name}\n"
        }
        return sendable(text.toString(), LONGEST_TRACE)
    }

    /** Cut, and without halves of surrogate pairs. */
    private fun sendable(text: String, longest: Int): String {
        val cut = if (text.length > longest) text.take(longest) + "…" else text
        return cut.encodeToByteArray().decodeToString()
    }

    /** The text of a peer's failure. @throws IllegalArgumentException when it says nothing */
    fun read(state: Any?): RemoteFailure {
        val names = namesOf(state)
        val type = requireNotNull(text(names["type"])) { "a failure has no type" }
        val parents = (names["parents"] as? List<*>)?.mapNotNull(::text) ?: emptyList()
        return RemoteFailure(type, text(names["value"]) ?: "", parents, text(names["traceback"]) ?: UNAVAILABLE)
    }

    private fun text(value: Any?): String? = when (value) {
        is String -> value
        is Bytes -> value.utf8()
        is RemoteError -> value.message
        else -> null
    }

    /** The exception for the [value] of an error: the one that the registry makes of it, or a [RemoteError]. */
    fun exception(value: Any?, types: TypeRegistry): Throwable {
        if (value !is RemoteError) {
            return value as? Throwable
                ?: RemoteError(RemoteFailure("unknown", "an error that is no exception", emptyList(), UNAVAILABLE))
        }
        val failure = RemoteFailure(value.remoteType, value.remoteMessage, value.remoteParents, value.remoteTraceback)
        val own =
            try {
                types.exception(failure)
            } catch (e: Exception) { // a function of the user's may throw anything
                value.addSuppressed(e)
                null
            } ?: loginFailure(value) ?: return value
        if (own.cause == null && own !== value) {
            try {
                own.initCause(value)
            } catch (_: Exception) {
                // it was made with a cause, and that is none; or it does not want one
            }
        }
        return own
    }

    private fun loginFailure(error: RemoteError): LoginFailed? = when {
        error.isA(UNAUTHORIZED) -> UnauthorizedLogin(cause = error)
        error.isA(DENIED) -> LoginDenied(escaped(error.remoteMessage), error)
        error.isA(UNHANDLED) -> UnhandledCredentials(escaped(error.remoteMessage), error)
        error.isA(LOGIN_FAILED) -> LoginFailed(escaped(error.remoteMessage), error)
        else -> null
    }
}
