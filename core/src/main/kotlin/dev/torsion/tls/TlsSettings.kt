// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.security.AlgorithmConstraints
import java.security.AlgorithmParameters
import java.security.CryptoPrimitive
import java.security.Key
import java.time.Duration
import javax.net.ssl.KeyManager
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLParameters

/** The settings that servers and clients have in common. Immutable. */
internal data class TlsSettings(
    val versions: List<String> = VERSIONS,
    val cipherSuites: List<String> = CIPHER_SUITES,
    val applicationProtocols: List<String> = emptyList(),
    val handshakeTimeout: Duration = Duration.ofSeconds(30),
    val engines: TlsEngines = TlsEngines.JDK,
) {
    init {
        require(!handshakeTimeout.isNegative && !handshakeTimeout.isZero) { "a timeout must be positive, but $handshakeTimeout was given" }
        require(
            versions.isNotEmpty() && versions.all {
                it in VERSIONS
            },
        ) { "versions of TLS are ${VERSIONS.joinToString()}, but $versions was given" }
        require(cipherSuites.isNotEmpty()) { "without a cipher there is no TLS" }
        require(
            applicationProtocols.all {
                it.length in 1..MOST_NAME
            },
        ) { "the name of an application protocol has 1 to $MOST_NAME characters" }
    }

    fun context(keys: KeyManager?, trust: CheckingTrust): SSLContext = engines.context().apply {
        init(keys?.let { arrayOf(it) }, arrayOf(trust), null)
    }

    /** Sets [engine] up; ciphers that it does not know are left out. */
    fun applyTo(engine: SSLEngine, more: SSLParameters.() -> Unit) {
        val known = engine.supportedCipherSuites.toSet()
        val parameters = engine.sslParameters
        parameters.protocols = versions.toTypedArray()
        parameters.cipherSuites = cipherSuites.filter { it in known }.toTypedArray()
        parameters.applicationProtocols = applicationProtocols.toTypedArray()
        parameters.algorithmConstraints = WithoutOldSignatures(parameters.algorithmConstraints)
        parameters.more()
        engine.sslParameters = parameters
        engines.created(engine)
    }

    companion object {
        const val MOST_NAME = 255

        /** Older ones are broken (RFC 8996). */
        val VERSIONS = listOf("TLSv1.3", "TLSv1.2")

        /** Each has forward secrecy and authenticates what it encrypts (RFC 9325). */
        val CIPHER_SUITES =
            listOf(
                "TLS_AES_128_GCM_SHA256",
                "TLS_AES_256_GCM_SHA384",
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            )
    }
}

/** Refuses old signatures in handshakes (RFC 9155), which the JDK takes with TLS 1.2. Those of certificates, which have other names, are for [others]. */
private class WithoutOldSignatures(private val others: AlgorithmConstraints?) : AlgorithmConstraints {
    override fun permits(primitives: Set<CryptoPrimitive>, algorithm: String, parameters: AlgorithmParameters?) =
        algorithm !in OLD && others?.permits(primitives, algorithm, parameters) != false

    override fun permits(primitives: Set<CryptoPrimitive>, key: Key) = others?.permits(primitives, key) != false

    override fun permits(primitives: Set<CryptoPrimitive>, algorithm: String, key: Key, parameters: AlgorithmParameters?) =
        algorithm !in OLD && others?.permits(primitives, algorithm, key, parameters) != false

    private companion object {
        /** Their names in TLS. */
        val OLD =
            setOf(
                "rsa_pkcs1_sha1", "ecdsa_sha1", "dsa_sha1", "rsa_sha224", "ecdsa_sha224", "dsa_sha224", "dsa_sha256", "rsa_md5", "rsa_sha1",
            )
    }
}
