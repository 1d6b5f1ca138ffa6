// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.security.cert.X509Certificate
import java.time.Instant

/**
 * The agreement of two sides of TLS. Immutable.
 *
 * Thread: any.
 *
 * @property protocol the version, `TLSv1.3` or `TLSv1.2`
 * @property cipherSuite the cipher, by its name in the JDK, such as `TLS_AES_128_GCM_SHA256`
 * @property applicationProtocol what ALPN has chosen, such as `h2`; null when nothing was
 * @property serverName the name that the client has asked for (SNI), in ASCII; null when it did not
 * @property peerCertificates what the other side has shown, its own certificate first; empty when nothing was
 * @property created when the keys were agreed on: a connection that resumes a session has the time of its first connection
 */
public class TlsSession internal constructor(
    public val protocol: String,
    public val cipherSuite: String,
    public val applicationProtocol: String?,
    public val serverName: String?,
    public val peerCertificates: List<X509Certificate>,
    public val created: Instant,
) {
    override fun toString(): String =
        "$protocol $cipherSuite" + (applicationProtocol?.let { ", $it" } ?: "") + (serverName?.let { ", for $it" } ?: "")
}
