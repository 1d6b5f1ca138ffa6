// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.nio.file.Files
import java.nio.file.Path
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.cert.X509Certificate
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509ExtendedTrustManager

/**
 * Whose signature under a certificate counts; Twisted's trust roots. Immutable.
 *
 * Thread: any. The methods that read files block.
 */
public class TlsTrust internal constructor(private val name: String, roots: KeyStore?) {
    @get:JvmSynthetic
    internal val manager: X509ExtendedTrustManager = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).run {
        init(roots)
        trustManagers.filterIsInstance<X509ExtendedTrustManager>().first()
    }

    override fun toString(): String = "TlsTrust($name)"

    public companion object {
        private val SYSTEM = lazy { TlsTrust("the JDK's authorities", null) }

        /** The authorities of the JDK, or those of the system property `javax.net.ssl.trustStore`; Twisted's `platformTrust`. */
        @JvmStatic
        public fun system(): TlsTrust = SYSTEM.value

        /** These certificates and no others: authorities, or single certificates such as a self-signed one. */
        @JvmStatic
        public fun of(certificates: Iterable<X509Certificate>): TlsTrust {
            val roots = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null, null) }
            val all = certificates.toList()
            require(all.isNotEmpty()) { "to trust nobody makes no sense" }
            all.forEachIndexed { i, certificate -> roots.setCertificateEntry("$i", certificate) }
            return TlsTrust(all.joinToString(transform = ::subjectOf), roots)
        }

        /** The same. */
        @JvmStatic
        public fun of(vararg certificates: X509Certificate): TlsTrust = of(certificates.toList())

        /** The certificate of [identity], for development and tests. */
        @JvmStatic
        public fun of(identity: TlsIdentity): TlsTrust = of(identity.chain.last(), identity.certificate)

        /**
         * The certificates in files in the form of PEM. Of a folder, those of all its files that end in `.pem`, as in Twisted.
         *
         * @throws TlsKeyException when there is none in them
         * @throws java.io.IOException when a file cannot be read
         */
        @JvmStatic
        public fun fromPem(vararg files: Path): TlsTrust {
            val all = files.flatMap { if (Files.isDirectory(it)) pemsIn(it) else listOf(it) }
            val certificates = all.flatMap { Pem.of(Files.readString(it, Charsets.ISO_8859_1), "$it").certificates() }
            if (certificates.isEmpty()) throw TlsKeyException("There is no certificate in ${files.joinToString(" and ")}.", null)
            return of(certificates)
        }

        private fun pemsIn(folder: Path) = Files.list(folder).use { paths ->
            paths.filter { it.fileName.toString().lowercase().endsWith(".pem") }.sorted().toList()
        }

        /**
         * The certificates in a [file] of PKCS#12 that has authorities only.
         *
         * @throws TlsKeyException when the password is wrong, or there is none in it
         */
        @JvmStatic
        public fun fromPkcs12(file: Path, password: String): TlsTrust = try {
            val store = KeyStore.getInstance("PKCS12")
            Files.newInputStream(file).use { store.load(it, password.toCharArray()) }
            val certificates = store.aliases().asSequence().mapNotNull { store.getCertificate(it) as? X509Certificate }.toList()
            if (certificates.isEmpty()) throw TlsKeyException("There is no certificate in $file.", null)
            of(certificates)
        } catch (e: GeneralSecurityException) {
            throw TlsKeyException("$file cannot be read: ${e.message}", e)
        }
    }
}
