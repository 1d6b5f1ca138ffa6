// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/**
 * Something that writes to a consumer and can be told to wait; the base of Twisted's `IPushProducer` and `IPullProducer`.
 *
 * Register it with [Transport.registerProducer]. A *streaming* (push) producer writes as it likes between [resumeProducing] and
 * [pauseProducing]. For any other (pull) producer, each [resumeProducing] asks for one more piece.
 *
 * Thread: all methods are called on the reactor's thread.
 */
public interface Producer {
    /** The consumer has room: go on, or for a pull producer: write one more piece. */
    public fun resumeProducing()

    /** The consumer is full, or takes nothing more: write no more until [resumeProducing]. Never called on a pull producer. */
    public fun pauseProducing() {}

    /** The consumer is gone: stop for good. */
    public fun stopProducing()
}
