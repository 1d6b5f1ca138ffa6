// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.security.MessageDigest
import java.security.cert.X509Certificate
import java.util.Base64

/**
 * The form in which a public key is pinned: `sha256/` and the Base64 of the SHA-256 of its SubjectPublicKeyInfo (RFC 7469, 2.4). The key of a
 * certificate may outlive it, so a pin survives renewals that keep the key.
 */
public object TlsPin {
    private const val PREFIX = "sha256/"
    private const val BYTES = 32

    /** The pin of the key of [certificate]. */
    @JvmStatic
    public fun of(certificate: X509Certificate): String =
        PREFIX + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(certificate.publicKey.encoded))

    @JvmSynthetic
    internal fun checked(pin: String): String {
        val isPin = pin.startsWith(PREFIX) &&
            runCatching { Base64.getDecoder().decode(pin.removePrefix(PREFIX)).size == BYTES }.getOrDefault(false)
        require(isPin) { "\"$pin\" is no pin: it is ${PREFIX}BASE64, as TlsPin.of gives it" }
        return pin
    }
}
