// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/*
 * The boxes that go out, by the state of our requests:
 *
 *   state           a call                    an answer                 ends with
 *   --------------  ------------------------  ------------------------  -----------------------------------------------------------
 *   OPEN            is written                is written
 *   TLS_ASKED       is held                   is held                   the answer: OPEN, all that is held goes through TLS
 *                                                                       an error: OPEN, held answers are written, held calls fail
 *   SWITCH_ASKED    is refused                is held                   the answer: SWITCHED, what is held is dropped
 *                                                                       an error: OPEN, what is held is written
 *   SWITCHED        is refused                is dropped
 *   ended           is refused                is dropped
 *
 * (In Twisted what is held after a refused StartTLS stays so for ever, and answers while a switch is asked for are dropped.)
 */

/** The boxes that go out on one connection. On the reactor's thread. */
internal class Output(
    private val mostHeldAnswers: Int,
    /** More bytes of answers are held than may be. */
    private val overflow: () -> Unit,
    private val write: (ByteArray) -> Unit,
) {
    enum class State { OPEN, TLS_ASKED, SWITCH_ASKED, SWITCHED }

    private class Held(
        val bytes: ByteArray,
        val call: OutgoingCall<*>?, // null for an answer
        val written: Runnable?,
    )

    var state = State.OPEN
        private set
    private val held = ArrayList<Held>()
    private var heldAnswerBytes = 0L

    val heldCount: Int get() = held.size

    fun call(bytes: ByteArray, call: OutgoingCall<*>, written: Runnable?) {
        if (state == State.TLS_ASKED) {
            held.add(Held(bytes, call, written))
        } else {
            write(bytes)
            written?.run()
        }
    }

    fun answer(bytes: ByteArray) {
        when (state) {
            State.OPEN -> write(bytes)
            State.TLS_ASKED, State.SWITCH_ASKED -> hold(bytes)
            State.SWITCHED -> {}
        }
    }

    private fun hold(answer: ByteArray) {
        if (heldAnswerBytes > mostHeldAnswers) return // the connection is being aborted
        heldAnswerBytes += answer.size
        if (heldAnswerBytes > mostHeldAnswers) overflow() else held.add(Held(answer, null, null))
    }

    /** An answer that does not wait: the other side has asked for what we have asked for, and both are refused. */
    fun answerNow(bytes: ByteArray) {
        if (state != State.SWITCHED) write(bytes)
    }

    fun asked(next: State) {
        state = next
    }

    /** The request is done, or is refused: then [refusal] fails the calls that must not go. */
    fun open(calls: OutgoingCalls, refusal: (() -> Throwable)?) {
        state = State.OPEN
        val all = held.toList()
        held.clear()
        heldAnswerBytes = 0
        val failing = ArrayList<OutgoingCall<*>>()
        val written = ArrayList<Runnable>()
        for (one in all) {
            val call = one.call
            when {
                call == null -> write(one.bytes)
                !call.isWanted -> calls.remove(call)
                refusal == null -> {
                    write(one.bytes)
                    one.written?.let(written::add)
                }
                else -> failing.add(call)
            }
        }
        written.forEach(Runnable::run) // not before: whoever is told may ask for another change, which comes after all this
        for (call in failing) {
            calls.remove(call)
            call.failed(refusal!!())
        }
    }

    fun switched() {
        state = State.SWITCHED
        held.clear()
    }

    /** Gives the calls that are held and wait for no answer. */
    fun end(): List<OutgoingCall<*>> {
        state = State.SWITCHED
        val waiting = held.filter { it.written != null }.mapNotNull { it.call }
        held.clear()
        return waiting
    }
}
