// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.escapedThrowable
import dev.torsion.net.ProtocolViolationException

/** The handling of the boxes of one command. */
internal sealed class Answering {
    /** The command, if it is known as more than a name. */
    abstract val command: Command?

    /**
     * The answer to [box]: a value, a Deferred or a stage of one.
     *
     * @throws UnfitArgumentsException when the arguments do not fit the command
     */
    abstract fun respond(amp: AMP, box: AmpBox): Any?

    /** The bytes of an answer with [result]. */
    abstract fun answer(result: Any?, ask: ByteArray): ByteArray
}

internal sealed class Typed(final override val command: Command) : Answering() {
    override fun answer(result: Any?, ask: ByteArray): ByteArray {
        val values = result as? Values
            ?: throw BadLocalReturnException("The responder of $command has given no values, but a ${result?.javaClass?.name}.", null)
        return try {
            command.answer(values, ask)
        } catch (e: AmpException) {
            throw BadLocalReturnException("The answer of $command cannot be sent. ${e.message}", e)
        }
    }

    protected fun request(amp: AMP, box: AmpBox): AmpRequest {
        val arguments =
            try {
                command.arguments.decode(box)
            } catch (e: ProtocolViolationException) {
                throw UnfitArgumentsException(e)
            }
        return AmpRequest(amp, arguments)
    }
}

internal class Plain(command: Command, private val responder: Responder<Any>) : Typed(command) {
    override fun respond(amp: AMP, box: AmpBox): Any? = responder.respond(request(amp, box))
}

internal class Suspending(command: Command, private val responder: suspend (AmpRequest) -> Values) : Typed(command) {
    override fun respond(amp: AMP, box: AmpBox): Any? {
        val request = request(amp, box)
        return inlineCallbacks(amp.transport.scope.coroutineContext) { responder(request) }
    }
}

internal class Boxes(private val responder: BoxResponder) : Answering() {
    override val command get() = null

    override fun respond(amp: AMP, box: AmpBox): Any? = responder.respond(box)

    override fun answer(result: Any?, ask: ByteArray): ByteArray = try {
        (result as AmpBox).with(Keys.ANSWER to ask).encode()
    } catch (e: Exception) {
        throw BadLocalReturnException("The box of an answer cannot be sent. ${shown(e)}", escapedThrowable(e))
    }
}

/** Gives the protocol to go over to. */
internal class Switching(command: Command, private val responder: Responder<Any>) : Typed(command) {
    override fun respond(amp: AMP, box: AmpBox): Any? = responder.respond(request(amp, box))

    override fun answer(result: Any?, ask: ByteArray): ByteArray = AmpBox.EMPTY.with(Keys.ANSWER to ask).encode()
}

/** Gives the settings of TLS. */
internal class StartingTLS(private val responder: Responder<TLSSettings>) : Typed(StartTLS) {
    override fun respond(amp: AMP, box: AmpBox): Any? = responder.respond(request(amp, box))

    override fun answer(result: Any?, ask: ByteArray): ByteArray = AmpBox.EMPTY.with(Keys.ANSWER to ask).encode()
}

/** The peer's arguments do not fit the command. It must not pass for an error that the responder has thrown. */
internal class UnfitArgumentsException(cause: ProtocolViolationException) : Exception(cause.message, cause)
