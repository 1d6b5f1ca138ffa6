// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.name.asciiName
import java.math.BigInteger
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import java.security.spec.ECGenParameterSpec
import java.time.Duration
import java.time.Instant
import java.time.temporal.ChronoUnit

/** Certificates for development, which sign themselves (RFC 5280). */
internal object SelfSigned {
    private const val CURVE = "secp256r1"
    private const val SIGNATURE = "SHA256withECDSA"
    private const val ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
    private const val COMMON_NAME = "2.5.4.3"
    private const val BASIC_CONSTRAINTS = "2.5.29.19"
    private const val KEY_USAGE = "2.5.29.15"
    private const val EXTENDED_KEY_USAGE = "2.5.29.37"
    private const val SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
    private const val SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    private const val CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
    private const val DNS_NAME = 2
    private const val IP_ADDRESS = 7
    private const val SERIAL_BITS = 120
    private const val VERSION_3 = 2L

    /** RFC 5280, 4.1.2.5: a certificate that is valid for ever. */
    private val NO_END = Instant.parse("9999-12-31T23:59:59Z")

    fun make(names: List<String>, validity: Duration, from: Instant): TlsIdentity {
        require(names.isNotEmpty()) { "a certificate needs a name, such as localhost" }
        val keys = KeyPairGenerator.getInstance("EC").run {
            initialize(ECGenParameterSpec(CURVE))
            generateKeyPair()
        }
        val algorithm = Der.sequence(Der.oid(ECDSA_WITH_SHA256))
        val name = Der.sequence(Der.set(Der.sequence(Der.oid(COMMON_NAME), Der.utf8(names.first()))))
        val start = from.truncatedTo(ChronoUnit.SECONDS)
        val end = if (validity < Duration.between(start, NO_END)) start.plus(validity) else NO_END
        val body =
            Der.sequence(
                Der.context(0, Der.integer(BigInteger.valueOf(VERSION_3))),
                Der.integer(BigInteger(SERIAL_BITS, SecureRandom()).setBit(SERIAL_BITS)),
                algorithm,
                name,
                Der.sequence(Der.time(start), Der.time(end)),
                name,
                keys.public.encoded,
                Der.context(3, extensions(names)),
            )
        val signature = Signature.getInstance(SIGNATURE).run {
            initSign(keys.private)
            update(body)
            sign()
        }
        val encoded = Der.sequence(body, algorithm, Der.bits(signature))
        val certificate = CertificateFactory.getInstance("X.509").generateCertificate(encoded.inputStream()) as X509Certificate
        return TlsIdentity(keys.private, listOf(certificate))
    }

    /** It is its own authority, so that whoever trusts it can check it. */
    private fun extensions(names: List<String>): ByteArray {
        val digitalSignatureAndCertificateSign = Der.bits(byteArrayOf(0x84.toByte()), 2)
        return Der.sequence(
            extension(BASIC_CONSTRAINTS, Der.sequence(Der.boolean(true)), isCritical = true),
            extension(KEY_USAGE, digitalSignatureAndCertificateSign, isCritical = true),
            extension(EXTENDED_KEY_USAGE, Der.sequence(Der.oid(SERVER_AUTH), Der.oid(CLIENT_AUTH))),
            extension(SUBJECT_ALTERNATIVE_NAME, Der.sequence(*names.map(::alternativeName).toTypedArray())),
        )
    }

    private fun alternativeName(name: String): ByteArray {
        val address = numericAddress(name)
        return if (address != null) {
            Der.implicit(IP_ADDRESS, address.address)
        } else {
            Der.implicit(DNS_NAME, asciiName(name).toByteArray(Charsets.US_ASCII))
        }
    }

    private fun extension(oid: String, content: ByteArray, isCritical: Boolean = false): ByteArray = if (isCritical) {
        Der.sequence(Der.oid(oid), Der.boolean(true), Der.octets(content))
    } else {
        Der.sequence(Der.oid(oid), Der.octets(content))
    }
}
