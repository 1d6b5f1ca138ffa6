// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.safeMessage
import java.io.IOException

/** A port could not be opened, most often since it is taken; Twisted's `CannotListenError`. */
public class CannotListenException private constructor(
    message: String,
    /** The interface and port that were asked for, such as `127.0.0.1:8007`; empty when only the message says it. */
    public val address: String,
    cause: Throwable?,
) : IOException(message, cause) {
    public constructor(address: String, cause: Throwable) : this("Cannot listen on $address: ${safeMessage(cause)}.", address, cause)

    /** For an endpoint of your own: the [message] names the address. */
    public constructor(message: String) : this(message, "", null)
}
