// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.io.IOException
import java.math.BigInteger
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.PrivateKey
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import java.security.spec.PKCS8EncodedKeySpec
import java.util.Base64
import javax.crypto.Cipher
import javax.crypto.EncryptedPrivateKeyInfo
import javax.crypto.SecretKeyFactory
import javax.crypto.spec.PBEKeySpec

/** The content of a PEM file (RFC 7468): keys and certificates, in their order. Everything else in it is skipped. */
internal class Pem private constructor(private val source: String, private val blocks: List<Block>) {
    private class Block(val label: String, val headers: String, val bytes: ByteArray)

    fun certificates(): List<X509Certificate> = blocks.filter { it.label in CERTIFICATES }.map { block ->
        try {
            CertificateFactory.getInstance("X.509").generateCertificate(block.bytes.inputStream()) as X509Certificate
        } catch (e: GeneralSecurityException) {
            throw TlsKeyException("A certificate of $source cannot be read: ${e.message}", e)
        }
    }

    /** The first private key; null when there is none. */
    fun privateKey(password: CharArray?): PrivateKey? {
        val block = blocks.firstOrNull { it.label.endsWith("PRIVATE KEY") } ?: return null
        if ("ENCRYPTED" in block.headers) throw TlsKeyException(oldEncryption(), null)
        try {
            return when (block.label) {
                "PRIVATE KEY" -> decode(block.bytes)
                "ENCRYPTED PRIVATE KEY" -> decode(decrypt(block.bytes, password))
                "RSA PRIVATE KEY" -> decode(pkcs8(Der.sequence(Der.oid(RSA), Der.NULL), block.bytes))
                "EC PRIVATE KEY" -> decode(pkcs8(Der.sequence(Der.oid(EC), curveOf(block.bytes)), block.bytes))
                else -> throw TlsKeyException("The private key of $source is of a kind that is not known: ${block.label}.", null)
            }
        } catch (e: GeneralSecurityException) {
            throw TlsKeyException("The private key of $source cannot be read: ${e.message}", e)
        } catch (e: IOException) {
            throw TlsKeyException("The private key of $source cannot be read: ${e.message}", e)
        }
    }

    private fun oldEncryption() = "The private key of $source is encrypted in the old form of OpenSSL, which hardly protects it. " +
        "Write it anew with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW"

    private fun decode(encoded: ByteArray): PrivateKey {
        val spec = PKCS8EncodedKeySpec(encoded)
        var last: GeneralSecurityException? = null
        for (algorithm in ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec)
            } catch (e: GeneralSecurityException) {
                last = e // of another kind
            }
        }
        throw TlsKeyException("The private key of $source is none of ${ALGORITHMS.joinToString()}.", last)
    }

    private fun decrypt(bytes: ByteArray, password: CharArray?): ByteArray {
        if (password == null) throw TlsKeyException("The private key of $source is encrypted: it needs a password.", null)
        val info = EncryptedPrivateKeyInfo(bytes)
        // For the schemes of PKCS#5 2 the name is that of the family only; the parameters know which one it is.
        val scheme = if (info.algName == "PBES2" || info.algName == PBES2) info.algParameters.toString() else info.algName
        val cipher = Cipher.getInstance(scheme)
        cipher.init(Cipher.DECRYPT_MODE, SecretKeyFactory.getInstance(scheme).generateSecret(PBEKeySpec(password)), info.algParameters)
        return try {
            info.getKeySpec(cipher).encoded
        } catch (e: GeneralSecurityException) {
            throw TlsKeyException("The private key of $source cannot be decrypted: the password is wrong.", e)
        }
    }

    private fun pkcs8(algorithm: ByteArray, key: ByteArray) = Der.sequence(Der.integer(BigInteger.ZERO), algorithm, Der.octets(key))

    /** The object identifier in the parameters `[0]` of a key of SEC 1. */
    private fun curveOf(key: ByteArray): ByteArray {
        for (at in 0 until key.size - 3) {
            val isParameters = key[at] == 0xa0.toByte() && key[at + 2] == OID_TAG && key[at + 3].toInt() == key[at + 1] - 2
            if (isParameters && at + 2 + key[at + 1] <= key.size) return key.copyOfRange(at + 2, at + 2 + key[at + 1])
        }
        throw TlsKeyException("The private key of $source does not say which curve it is for.", null)
    }

    companion object {
        private val BLOCK = Regex("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", RegexOption.DOT_MATCHES_ALL)
        private val CERTIFICATES = setOf("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
        private val ALGORITHMS = listOf("RSA", "EC", "EdDSA", "RSASSA-PSS")
        private const val RSA = "1.2.840.113549.1.1.1"
        private const val EC = "1.2.840.10045.2.1"
        private const val PBES2 = "1.2.840.113549.1.5.13"
        private const val OID_TAG: Byte = 6

        fun of(text: String, source: String): Pem = Pem(
            source,
            BLOCK.findAll(text).map { match ->
                val (label, body) = match.destructured
                val (headers, data) = body.lines().partition { ':' in it }
                val bytes =
                    try {
                        Base64.getMimeDecoder().decode(data.joinToString("\n"))
                    } catch (e: IllegalArgumentException) {
                        throw TlsKeyException("The $label of $source is not Base64: ${e.message}", e)
                    }
                Block(label, headers.joinToString("\n"), bytes)
            }.toList(),
        )
    }
}
