// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.log.escaped
import java.util.function.Function

/**
 * A question to the other side: a name, arguments, a response, and the errors that both sides know; Twisted's `Command`. Declare one as an
 * object. Both sides use the same.
 *
 * ```kotlin
 * object Divide : Command("Divide") {
 *     val numerator = argument("numerator", AmpTypes.LONG)
 *     val denominator = argument("denominator", AmpTypes.LONG)
 *     val result = response("result", AmpTypes.FLOAT)
 *
 *     init {
 *         error("ZERO_DIVISION", ArithmeticException::class.java, ::ArithmeticException)
 *     }
 * }
 * ```
 * ```java
 * final class Divide extends Command {
 *   static final Divide DIVIDE = new Divide();
 *   final Argument<Long> numerator = argument("numerator", AmpTypes.LONG);
 *   final Argument<Long> denominator = argument("denominator", AmpTypes.LONG);
 *   final Argument<Double> result = response("result", AmpTypes.FLOAT);
 *
 *   private Divide() {
 *     super("Divide");
 *     error("ZERO_DIVISION", ArithmeticException.class, ArithmeticException::new);
 *   }
 * }
 * ```
 *
 * A name from the wire is looked up among the commands that the [Responders] of a connection have, and nowhere else.
 *
 * Declare everything while it is constructed. Thread: any, from then on.
 *
 * @property commandName its name on the wire: 1 to 65,535 characters, each of which is one byte
 * @property requiresAnswer whether the caller wants an answer. Without one it learns neither of a value nor of an error; as in Twisted a
 *   command that fails without an answer ends the connection
 */
public abstract class Command
@JvmOverloads
constructor(public val commandName: String, public val requiresAnswer: Boolean = true) {
    @get:JvmSynthetic
    internal val arguments: Arguments = Part("the arguments of $commandName").apply { reserve(Keys.ASK, Keys.COMMAND) }

    @get:JvmSynthetic internal val response: Arguments = Part("the response of $commandName").apply { reserve(Keys.ANSWER) }
    private val declaredErrors = ArrayList<DeclaredError>()
    private val nameBytes: ByteArray

    init {
        require(commandName.length in 1..AmpBox.MAX_VALUE_LENGTH) { "the name of a command has 1 to ${AmpBox.MAX_VALUE_LENGTH} characters" }
        require(commandName.all { it.code <= MAX_BYTE }) { "a name has one byte for each character: \"${escaped(commandName)}\"" }
        nameBytes = commandName.toByteArray(Charsets.ISO_8859_1)
    }

    /** Declares an argument that must be given. @throws IllegalArgumentException as [Arguments.argument] */
    protected fun <T : Any> argument(name: String, type: AmpType<T>): Argument<T> = arguments.declare(name, type, isOptional = false)

    /** Declares an argument that may be left out; its value is null then. */
    protected fun <T : Any> optionalArgument(name: String, type: AmpType<T>): Argument<T?> =
        arguments.declare(name, type, isOptional = true)

    /** Declares a value of the response that must be given. */
    protected fun <T : Any> response(name: String, type: AmpType<T>): Argument<T> = response.declare(name, type, isOptional = false)

    /** Declares a value of the response that may be left out; it is null then. */
    protected fun <T : Any> optionalResponse(name: String, type: AmpType<T>): Argument<T?> = response.declare(name, type, isOptional = true)

    /**
     * Declares an error; Twisted's `errors`. A responder that throws a [type], or one below it, is answered with [code] and the message of
     * the exception; for the caller [make] makes the exception again, of that message. Control characters of the message
     * are escaped then, and it is cut, so that it is fit for a log. The cause is an [UnknownRemoteException], whose description is the text as
     * it came. The first error declared that fits counts.
     */
    protected fun <E : Throwable> error(code: String, type: Class<E>, make: Function<String, out E>): Unit =
        declare(DeclaredError(code, type, make, isFatal = false))

    /** [error] that also ends the connection once the answer is on its way; Twisted's `fatalErrors`. */
    protected fun <E : Throwable> fatalError(code: String, type: Class<E>, make: Function<String, out E>): Unit =
        declare(DeclaredError(code, type, make, isFatal = true))

    private fun declare(error: DeclaredError) {
        require(error.code.isNotEmpty() && error.code.all { it.code <= MAX_BYTE }) { "a code has one byte for each character" }
        require(error.code.length <= AmpBox.MAX_VALUE_LENGTH) { "a code has at most ${AmpBox.MAX_VALUE_LENGTH} characters" }
        require(declaredErrors.none { it.code == error.code }) { "the error ${error.code} of $commandName is declared already" }
        declaredErrors.add(error)
    }

    @JvmSynthetic
    internal fun declaredFor(exception: Throwable): DeclaredError? = declaredErrors.firstOrNull { it.type.isInstance(exception) }

    @JvmSynthetic
    internal fun declaredAs(code: String): DeclaredError? = declaredErrors.firstOrNull { it.code == code }

    /** A request with [slots], of [Arguments.slots]. */
    @JvmSynthetic
    internal fun request(slots: Array<ByteArray?>, ask: ByteArray?): ByteArray {
        slots[slots.size - 2] = ask
        slots[slots.size - 1] = nameBytes
        return arguments.boxOf(slots)
    }

    /** An answer with [values]. */
    @JvmSynthetic
    internal fun answer(values: Values, ask: ByteArray): ByteArray {
        val slots = response.slots(values)
        slots[slots.size - 1] = ask
        return response.boxOf(slots)
    }

    override fun toString(): String = escaped(commandName, SHOWN)

    private class Part(private val what: String) : Arguments() {
        override fun toString() = escaped(what, SHOWN)
    }

    private companion object {
        const val MAX_BYTE = 0xff
        const val SHOWN = 80
    }
}

/** An error that both sides know. */
internal class DeclaredError(
    val code: String,
    val type: Class<out Throwable>,
    val make: Function<String, out Throwable>,
    val isFatal: Boolean,
)

/**
 * A command after which the connection speaks another protocol; Twisted's `ProtocolSwitchCommand`. It is asked with
 * [AMP.switchProtocol] and answered by [Responders.Builder.onSwitch]. Its answer has no values.
 */
public abstract class ProtocolSwitchCommand(commandName: String) : Command(commandName)

/**
 * The command that begins TLS; Twisted's `StartTLS`. It is asked with [AMP.startTLS] and answered by [Responders.Builder.onStartTLS].
 */
public object StartTLS : Command("StartTLS")
