// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

/** A fault that a [MockWebServer] plays instead of going on. */
public enum class MockFault {
    /** It closes the connection as a server does that has nothing more to say. */
    CLOSE,

    /** It resets the connection, a millisecond after what it has sent, so that this arrives. */
    RESET,

    /** It sends nothing more, takes nothing more, and leaves the connection open. */
    STALL,
}

/** Where a [MockFault] happens. */
public enum class MockPoint {
    /**
     * When the connection is accepted, before any request. The answer is used up by it. It has to be the next in the queue then; on a
     * connection that is there already it is the same as [REQUEST].
     */
    START,

    /** When the request has come, before the answer. */
    REQUEST,

    /** In the middle of the answer's head. */
    HEAD,

    /** In the middle of the first piece of the answer's body. */
    BODY,

    /** Behind the whole answer, which does not announce it. A client that keeps the connection finds out with its next request. */
    END,
}
