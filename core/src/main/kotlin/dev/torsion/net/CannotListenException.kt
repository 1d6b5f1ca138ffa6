// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.safeMessage
import java.io.IOException

/** A port could not be opened, most often since it is taken; Twisted's `CannotListenError`. */
public class CannotListenException(
    /** The interface and port that were asked for, such as `127.0.0.1:8007`. */
    public val address: String,
    cause: Throwable,
) : IOException("Cannot listen on $address: ${safeMessage(cause)}.", cause)
