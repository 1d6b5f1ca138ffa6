// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.io.IOException

/** The other side broke the rules of the protocol: the base of every codec's error. The message names the rule and the limit. */
public open class ProtocolViolationException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) :
    IOException(message, cause)
