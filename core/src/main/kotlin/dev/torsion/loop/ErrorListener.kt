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
     * A callback has thrown [error], which is in the log already; [context] says which callback it was.
     *
     * Thread: that of the callback: the reactor's, or one of its pool. It must not block the former.
     */
    public fun errorReported(
        context: String,
        error: Throwable,
    )
}
