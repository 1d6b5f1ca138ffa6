// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/**
 * Hears of the errors that callbacks threw.
 *
 * ```java
 * ReactorOptions.builder().errorListener((context, error) -> errors.increment()).build();
 * ```
 */
public fun interface ErrorListener {
    /**
     * A callback has thrown [error]. The log has it already. [context] names the callback.
     *
     * Thread: the thread of the callback, which is the reactor's or one of its pool. It must not block the reactor's.
     */
    public fun errorReported(context: String, error: Throwable)
}
