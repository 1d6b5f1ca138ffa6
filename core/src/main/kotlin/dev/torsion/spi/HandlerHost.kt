// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

/** A transport that is told what of its user's has failed above its protocol, and says so in its report. Thread: the loop's. */
@TorsionSpi
public interface HandlerHost {
    /** Reports [error] of [what], such as "the message handler", and aborts the connection. */
    public fun handlerFailed(what: String, error: Throwable)
}
