// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.io.IOException

/** A key, a certificate or their file cannot be used. The message says which one, and what to do. */
public class TlsKeyException internal constructor(message: String, cause: Throwable?) : IOException(message, cause)
