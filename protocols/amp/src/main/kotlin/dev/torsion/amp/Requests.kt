// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.toDeferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.log.escapedThrowable
import dev.torsion.log.safeMessage
import dev.torsion.log.safeString
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletionStage

/*
 * The fate of a request (the last column is for one without _ask):
 *
 *   the responder                            answer                                     connection   no answer
 *   ---------------------------------------  -----------------------------------------  -----------  -----------------
 *   gives values that fit                    _answer, the values                        goes on      nothing
 *   is none: the command is not known        _error UNHANDLED                           goes on      logged, closes
 *   throws a declared error                  _error, its code and message               goes on      logged, closes
 *   throws a declared fatal error            _error, its code and message               closes       logged, closes
 *   throws a RemoteAmpException              _error, its code and description           goes on      logged, closes
 *   throws anything else                     _error UNKNOWN; logged                     closes       logged, closes
 *   gives what cannot be sent                _error UNKNOWN; logged                     closes       nothing
 *   is not called: the arguments do not fit  _error UNKNOWN; logged                     closes       logged, closes
 *   is not called: too many wait             _error BUSY                                goes on      logged, closes
 */

/** The requests of the peer on one connection, and our answers. On the reactor's thread. */
internal class Requests(private val amp: AMP, private val options: AmpOptions) {
    private var isWaitingToWrite = false

    /** How many of them wait for our answers. */
    var count: Int = 0
        private set

    /** How many bytes their boxes have: the memory that they hold, as far as the peer decides. */
    private var bytes = 0L
    private val hasManyBytes: Boolean get() = bytes >= options.maxRequestBytes

    /** Whether no more should be read: as many wait as may, or the peer does not read its answers. */
    val isFull: Boolean get() = count >= options.maxRequests || hasManyBytes || !isWritable()

    private fun isWritable(): Boolean {
        if (amp.transport.isWritable) return true
        if (!isWaitingToWrite) {
            isWaitingToWrite = true
            amp.transport.whenWritable().addBoth {
                isWaitingToWrite = false
                amp.input.resumeSoon()
                null
            }
        }
        return false
    }

    /**
     * Begins the request [box]. It never waits for others: these may wait for the answer to this one, by way of the other side.
     */
    fun received(box: AmpBox) {
        val ask = box.raw(Keys.ASK)
        val name = ascii(box.raw(Keys.COMMAND)!!)
        val answering = amp.responders.find(name) ?: return refuse(ask, name, UNHANDLED, "Unhandled Command: b'${escaped(name, SHOWN)}'")
        val control = answering is Switching || answering is StartingTLS
        if (control && !mayControl(answering, ask, name)) return
        if (count >= options.maxRequestsWhileCalling ||
            hasManyBytes
        ) {
            return refuse(ask, name, BUSY, "Too many requests wait for their answers.")
        }
        val result =
            try {
                answering.respond(amp, box).let { if (it is CompletionStage<*>) it.toDeferred(amp.loop) else it }
            } catch (e: Throwable) {
                return failed(answering, ask, name, e)
            }
        val later = result as? Deferred<*> ?: return done(answering, ask, name, result)
        val size = box.encodedSize
        count++
        bytes += size
        if (control) amp.input.isQuiet = if (answering is Switching) Input.Quiet.KEEPS else Input.Quiet.REFUSES
        @Suppress("UNCHECKED_CAST")
        (later as Deferred<Any?>).addBoth { outcome ->
            count--
            bytes -= size
            if (control) amp.input.isQuiet = Input.Quiet.NO
            try {
                if (outcome is Failure) failed(answering, ask, name, outcome.value) else done(answering, ask, name, outcome.get())
            } finally {
                amp.input.resumeSoon()
            }
            null
        }
    }

    private fun mayControl(answering: Answering, ask: ByteArray?, name: String): Boolean {
        if (ask == null) throw ProtocolViolationException("${escaped(name, SHOWN)} was asked without wanting an answer.")
        val isTLS = answering is StartingTLS
        val why =
            when {
                isTLS && !amp.hasTLS -> "TLS not available"
                isTLS && amp.isTLS -> "TLS was started already"
                amp.output.state != Output.State.OPEN -> "This side has asked for a change itself"
                else -> return true
            }
        val code = if (isTLS) TLS_ERROR else BUSY
        amp.output.answerNow(error(ask, code, why))
        return false
    }

    private fun done(answering: Answering, ask: ByteArray?, name: String, result: Any?) {
        if (amp.hasEnded || ask == null) return
        val bytes =
            try {
                answering.answer(result, ask)
            } catch (e: BadLocalReturnException) {
                return failed(answering, ask, name, e)
            } catch (e: Throwable) { // of a type of the user's; it must not pass for a declared error
                return failed(answering, ask, name, BadLocalReturnException("The answer of $name cannot be written.", escapedThrowable(e)))
            }
        if ((answering is StartingTLS && !(result is TLSSettings && amp.takes(result, isClient = false))) ||
            (answering is Switching && result !is Protocol)
        ) {
            return failed(answering, ask, name, BadLocalReturnException("The responder of $name has given nothing to go over to.", null))
        }
        amp.output.answer(bytes)
        when (answering) {
            is Switching -> amp.switchTo(result as Protocol)
            is StartingTLS -> amp.beginTLS(result as TLSSettings, isClient = false)
            else -> {}
        }
    }

    private fun failed(answering: Answering, ask: ByteArray?, name: String, error: Throwable) {
        if (amp.hasEnded) {
            if (error !is CancellationException) logFailed(name, error)
            return
        }
        val isTheirs = error is UnfitArgumentsException
        val declared = if (isTheirs || error is BadLocalReturnException) null else answering.command?.declaredFor(error)
        when {
            isTheirs -> refuseForGood(ask) { logRefused(name, safeMessage(error)) }
            declared != null -> refuse(ask, name, declared.code, safeMessage(error) ?: "", declared.isFatal)
            error is RemoteAmpException && error !is UnhandledCommandException -> refuse(ask, name, error.errorCode, error.description)
            else -> refuseForGood(ask) { logFailed(name, error) }
        }
    }

    /** An error whose text the peer is not told. Acts first: to describe an error of the user's may fail. */
    private fun refuseForGood(ask: ByteArray?, log: () -> Unit) {
        if (ask != null) amp.output.answer(error(ask, UNKNOWN, "Unknown Error"))
        amp.transport.loseConnection()
        log()
    }

    private fun refuse(ask: ByteArray?, name: String, code: String, description: String, isFatal: Boolean = false) {
        if (ask != null) amp.output.answer(error(ask, code, description))
        if (ask == null || isFatal) amp.transport.loseConnection()
        if (ask == null) logRefused(name, escaped(description, LONG))
    }

    private fun error(ask: ByteArray, code: String, description: String): ByteArray {
        val sent = code.take(AmpBox.MAX_VALUE_LENGTH).toByteArray(Charsets.ISO_8859_1) // a responder may throw one of any length
        val slots = arrayOf<ByteArray?>(ask, sent, shortened(description))
        return ERROR.encode(slots)
    }

    private fun logFailed(name: String, error: Throwable) {
        log.failure(
            "{command} of {peer} has failed",
            escapedThrowable(error), // its message may be made of what the peer has sent
            "command" to escaped(name, SHOWN),
            LogKeys.PEER to safeString(amp.transport.peer()),
        )
    }

    private fun logRefused(name: String, why: String?) {
        log.warn(
            "{command} of {peer} ends the connection: {why}",
            "command" to escaped(name, SHOWN),
            LogKeys.PEER to safeString(amp.transport.peer()),
            "why" to why,
        )
    }

    internal companion object {
        private val log = Logger(AMP::class.java)
        private val ERROR = BoxLayout(listOf(Keys.ERROR, Keys.ERROR_CODE, Keys.ERROR_DESCRIPTION))
        private const val SHOWN = 80
        const val BUSY = "BUSY"
        const val TLS_ERROR = "TLS_ERROR"

        /** In UTF-8, as much of it as a value may have. */
        private fun shortened(text: String): ByteArray {
            val bytes = text.encodeToByteArray()
            if (bytes.size <= AmpBox.MAX_VALUE_LENGTH) return bytes
            var end = AmpBox.MAX_VALUE_LENGTH
            while (bytes[end].toInt() and CONTINUES_MASK == CONTINUES) end--
            return bytes.copyOf(end)
        }

        private const val CONTINUES_MASK = 0xC0
        private const val CONTINUES = 0x80
    }
}
