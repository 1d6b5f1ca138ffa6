// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.net.ProtocolViolationException

/**
 * A peer has sent a type that is not in our [TypeRegistry], or one that is refused for good, such as a class or a function; Twisted's
 * `InsecureJelly`. Nothing was looked up by its name.
 */
public class InsecureJellyException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) :
    ProtocolViolationException(message, cause)
