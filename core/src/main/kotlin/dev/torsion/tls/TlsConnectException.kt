// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.CannotConnectException

/** A connection was made, but TLS on it has failed. The [tls] error, which is the cause, says why. */
public class TlsConnectException
@JvmOverloads
constructor(
    destination: String,
    cause: Throwable,
    public val tls: TlsException? = cause as? TlsException,
) : CannotConnectException("TLS with $destination has failed: ${cause.message}", destination, cause)
