// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.log.escaped
import dev.torsion.log.escapedThrowable
import dev.torsion.log.safeString
import dev.torsion.net.ProtocolViolationException

/** A call that waits for its answer. */
internal abstract class OutgoingCall<T> {
    /** Cancelling it leaves it in its place: an answer will come, and is then nobody's. */
    val deferred: Deferred<T> = Deferred { isWanted = false }
    var isWanted = true
        private set

    /** @throws ProtocolViolationException when the answer does not fit */
    protected abstract fun read(box: AmpBox): T

    protected abstract fun exception(code: String, description: String): Throwable

    /** Called when the answer comes, also when nobody waits for it. When it throws, the connection ends with that. */
    open fun accepted() {}

    /** Called when an error comes in its place, also when nobody waits for it. */
    open fun refused(error: Throwable) {}

    /** The call is in nobody's list any more: an exception here is told to it first. */
    fun answered(box: AmpBox) {
        orFailed { accepted() }
        val value =
            try {
                orFailed { read(box) }
            } catch (_: ProtocolViolationException) {
                return // the call has been told; the connection goes on
            }
        if (isWanted) deferred.callback(value)
    }

    fun answeredByError(code: String, description: String) {
        val error = orFailed { exception(code, description) }
        orFailed { refused(error) }
        failed(error)
    }

    private inline fun <R> orFailed(work: () -> R): R = try {
        work()
    } catch (e: Throwable) {
        failed(e)
        throw e
    }

    fun failed(error: Throwable) {
        if (isWanted) deferred.errback(error)
    }
}

/** A call of a command. */
internal open class CommandCall(private val command: Command) : OutgoingCall<Values>() {
    override fun read(box: AmpBox): Values = command.response.decode(box)

    override fun exception(code: String, description: String): Throwable {
        if (code == UNHANDLED) return UnhandledCommandException(description)
        val unknown = UnknownRemoteException(code, description)
        val declared = command.declaredAs(code) ?: return unknown
        val own =
            try {
                declared.make.apply(escaped(description, LONG)) // a program logs what it says
            } catch (e: Exception) { // a function of the user's may throw anything
                return unknown.apply { addSuppressed(escapedThrowable(e)) }
            }
        try {
            if (own.cause == null) own.initCause(unknown)
        } catch (_: Exception) {
            // it was made with a cause, and that is none; or it does not want one
        }
        return own
    }
}

/** A call of a box as it is. */
internal class BoxCall : OutgoingCall<AmpBox>() {
    override fun read(box: AmpBox): AmpBox = box

    override fun exception(code: String, description: String): Throwable =
        if (code == UNHANDLED) UnhandledCommandException(description) else RemoteAmpException(code, description)
}

/** The calls of one connection that wait for their answers, by their numbers. */
internal class OutgoingCalls(private val limit: Int) {
    private val waiting = LinkedHashMap<Long, OutgoingCall<*>>()
    private var lastTag = 0L

    val size: Int get() = waiting.size

    fun checkRoom() {
        if (waiting.size >= limit) throw TooManyCallsException(limit)
    }

    /** The number of the next call, which calls without an answer have too, as in Twisted. */
    fun nextTag(): Long = ++lastTag

    fun add(tag: Long, call: OutgoingCall<*>) {
        waiting[tag] = call
    }

    fun remove(call: OutgoingCall<*>) {
        waiting.values.remove(call)
    }

    fun answered(tag: ByteArray, box: AmpBox): Unit = take(tag).answered(box)

    fun answeredByError(tag: ByteArray, box: AmpBox) {
        val code = box.raw(Keys.ERROR_CODE) ?: throw ProtocolViolationException("An error has no code.")
        val description = box.raw(Keys.ERROR_DESCRIPTION) ?: throw ProtocolViolationException("An error has no description.")
        take(tag).answeredByError(ascii(code), description.decodeToString())
    }

    private fun take(tag: ByteArray): OutgoingCall<*> = number(tag)?.let(waiting::remove)
        ?: throw ProtocolViolationException("An answer has come to no call: \"${escaped(tag, SHOWN)}\".")

    /** The [tag] as one of our numbers, or null. */
    private fun number(tag: ByteArray): Long? {
        if (tag.isEmpty() || tag.size >= DIGITS || tag[0] == ZERO) return null
        var number = 0L
        for (digit in tag) {
            val value =
                when (digit) {
                    in ZERO..NINE -> digit - ZERO
                    in A..F -> digit - A + TEN
                    else -> return null
                }
            number = (number shl BITS) or value.toLong()
        }
        return number
    }

    /** New calls must be refused by now: callbacks may make some. */
    fun failAll(error: () -> Throwable) {
        while (waiting.isNotEmpty()) {
            val all = waiting.values.toList()
            waiting.clear()
            for (call in all) call.failed(error())
        }
    }

    override fun toString(): String = safeString(waiting.keys)

    private companion object {
        const val SHOWN = 40
        const val DIGITS = 16
        const val BITS = 4
        const val TEN = 10
        const val ZERO = '0'.code.toByte()
        const val NINE = '9'.code.toByte()
        const val A = 'a'.code.toByte()
        const val F = 'f'.code.toByte()
    }
}
