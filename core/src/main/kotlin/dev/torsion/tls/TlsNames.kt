// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.name.asciiName
import dev.torsion.name.isIpv6
import dev.torsion.name.literalAddresses
import java.net.InetAddress
import java.security.cert.CertificateParsingException
import java.security.cert.X509Certificate

private const val DNS_NAME = 2
private const val IP_ADDRESS = 7

/** The names and addresses in [certificate] (RFC 6125): its alternative names, not its common name. */
internal fun namesIn(certificate: X509Certificate): List<String> = try {
    certificate.subjectAlternativeNames.orEmpty().filter { it[0] == DNS_NAME || it[0] == IP_ADDRESS }.map { it[1].toString() }
} catch (_: CertificateParsingException) {
    emptyList()
}

/** Whether [pattern], a name of a certificate that may begin with `*.`, is for [host]. */
internal fun isFor(pattern: String, host: String): Boolean {
    val name = pattern.lowercase()
    return name == host || (name.startsWith("*.") && '.' in host && host.substringAfter('.') == name.drop(2))
}

/** The address that [host] is, when it is one, with brackets or without. */
internal fun numericAddress(host: String): InetAddress? {
    val text = host.removeSurrounding("[", "]").substringBefore('%')
    val isNumeric = isIpv6(text) || (text.isNotEmpty() && text.all { it in '0'..'9' || it == '.' })
    return if (isNumeric) literalAddresses(text)?.firstOrNull() else null
}

/** [host] as TLS and certificates have it: in ASCII, in lower case, without a dot at its end; an address without brackets and zone. */
internal fun nameForTls(host: String): String {
    if (numericAddress(host) != null) return host.removeSurrounding("[", "]").substringBefore('%')
    return asciiName(host.removeSuffix(".")).lowercase()
}

internal fun subjectOf(certificate: X509Certificate): String = certificate.subjectX500Principal.name

internal fun issuerOf(certificate: X509Certificate): String = certificate.issuerX500Principal.name
