// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.nio.file.Files
import java.nio.file.Path
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.PrivateKey
import java.security.PublicKey
import java.security.Signature
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import java.util.Base64

/**
 * The identity of one side: a private key and the certificate for it, with the chain up to an authority; Twisted's `PrivateCertificate`.
 * Immutable.
 *
 * ```kotlin
 * val identity = TlsIdentity.fromPem(Path.of("key.pem"), Path.of("cert.pem"))
 * ```
 *
 * Thread: any. The methods that read files block.
 *
 * @property privateKey the key: RSA, EC or Ed25519
 * @property chain the certificate for it first, then that of each one's issuer. That of the last authority may be missing
 * @throws TlsKeyException when the certificate is for another key
 */
public class TlsIdentity(public val privateKey: PrivateKey, chain: List<X509Certificate>) {
    public val chain: List<X509Certificate> = inOrder(ownFirst(privateKey, chain.toList()))

    /** The certificate. */
    public val certificate: X509Certificate get() = chain.first()

    /** The names and the numeric addresses that the certificate is for; a name may begin with `*.`. */
    public val names: List<String> get() = namesIn(certificate)

    init {
        if (this.chain.isEmpty()) throw TlsKeyException("An identity needs a certificate.", null)
        checkPair(privateKey, certificate.publicKey)
    }

    private fun checkPair(privateKey: PrivateKey, publicKey: PublicKey) {
        if (!isPair(privateKey, publicKey)) {
            throw TlsKeyException(
                "The certificate of ${subjectOf(certificate)} is not for the private key that it was given with.",
                null,
            )
        }
    }

    /** This identity as PEM: the private key, not encrypted, and the chain. */
    public fun toPem(): String = pem("PRIVATE KEY", privateKey.encoded) + certificatesToPem()

    /** The chain as PEM, without the key: for those who are to trust it. */
    public fun certificatesToPem(): String = chain.joinToString("") { pem("CERTIFICATE", it.encoded) }

    private fun pem(label: String, bytes: ByteArray) = "-----BEGIN $label-----\n${Base64.getMimeEncoder(
        64,
        byteArrayOf('\n'.code.toByte()),
    ).encodeToString(bytes)}\n-----END $label-----\n"

    override fun toString(): String = "TlsIdentity(${names.joinToString().ifEmpty {
        subjectOf(certificate)
    }}, until ${certificate.notAfter.toInstant()})"

    public companion object {
        private val DEFAULT_VALIDITY: Duration = Duration.ofDays(30)

        /**
         * From files in the form of PEM, which have one private key and its chain, in any order: in one file, as `cat key.pem cert.pem`
         * makes it, or in several. Keys of PKCS#8, PKCS#1 and SEC 1 are read.
         *
         * @throws TlsKeyException when there is no key or no certificate in them, or the key is encrypted
         * @throws java.io.IOException when a file cannot be read
         */
        @JvmStatic
        public fun fromPem(vararg files: Path): TlsIdentity = fromPem(null, *files)

        /** The same for a key that is encrypted with [password]. */
        @JvmStatic
        public fun fromPem(password: String?, vararg files: Path): TlsIdentity {
            require(files.isNotEmpty()) { "a file is needed" }
            val source = files.joinToString(" and ")
            return of(files.joinToString("\n") { Files.readString(it, Charsets.ISO_8859_1) }, source, password)
        }

        /** The same from the [text] of such files. */
        @JvmStatic
        @JvmOverloads
        public fun parse(text: String, password: String? = null): TlsIdentity = of(text, "the text", password)

        private fun of(text: String, source: String, password: String?): TlsIdentity {
            val pem = Pem.of(text, source)
            val key = pem.privateKey(password?.toCharArray()) ?: throw TlsKeyException("There is no private key in $source.", null)
            val chain = pem.certificates()
            if (chain.isEmpty()) throw TlsKeyException("There is no certificate in $source.", null)
            return TlsIdentity(key, chain)
        }

        /**
         * From a [file] of PKCS#12, `.p12` or `.pfx`: its one private key, or the one with this [alias].
         *
         * @throws TlsKeyException when there is no such key, or the password is wrong
         */
        @JvmStatic
        @JvmOverloads
        public fun fromPkcs12(file: Path, password: String, alias: String? = null): TlsIdentity {
            val secret = password.toCharArray()
            try {
                val store = KeyStore.getInstance("PKCS12")
                Files.newInputStream(file).use { store.load(it, secret) }
                val keys = store.aliases().asSequence().filter(store::isKeyEntry).toList()
                val one = alias?.also { if (it !in keys) throw TlsKeyException("$file has no key $it; it has $keys.", null) }
                    ?: keys.singleOrNull()
                    ?: throw TlsKeyException("$file has ${keys.size} keys: say which one is meant. It has $keys.", null)
                val key = store.getKey(one, secret) as PrivateKey
                return TlsIdentity(key, store.getCertificateChain(one).map { it as X509Certificate })
            } catch (e: GeneralSecurityException) {
                throw TlsKeyException("$file cannot be read: ${e.message}", e)
            } catch (e: TlsKeyException) {
                throw e
            } catch (e: java.io.IOException) {
                if (e.cause is GeneralSecurityException) throw TlsKeyException("$file cannot be read: the password is wrong.", e)
                throw e
            }
        }

        /**
         * A new key, and a certificate for [names] that is signed by itself: for development and tests, for 30 days. Nobody trusts it who
         * was not told to, as by [TlsClientOptions.withTrust].
         *
         * @param names names, and numeric addresses; `localhost` and its addresses when none is given
         */
        @JvmStatic
        public fun selfSigned(vararg names: String): TlsIdentity = selfSigned(names.toList(), DEFAULT_VALIDITY)

        /** The same that is valid for [validity], from [from] on. */
        @JvmStatic
        @JvmOverloads
        public fun selfSigned(names: List<String>, validity: Duration, from: Instant = Instant.now().minusSeconds(60)): TlsIdentity =
            SelfSigned.make(names.ifEmpty { listOf("localhost", "127.0.0.1", "::1") }, validity, from)

        /** [all], and first of them the certificate for [privateKey]: files may have them in any order. */
        private fun ownFirst(privateKey: PrivateKey, all: List<X509Certificate>): List<X509Certificate> {
            if (all.size < 2) return all
            val own = all.firstOrNull { isPair(privateKey, it.publicKey) } ?: return all
            return listOf(own) + all.filter { it !== own }
        }

        private fun isPair(privateKey: PrivateKey, publicKey: PublicKey): Boolean {
            val algorithm = when (publicKey.algorithm) {
                "RSA" -> "SHA256withRSA"
                "EC" -> "SHA256withECDSA"
                "EdDSA" -> "EdDSA"
                else -> return true
            }
            return try {
                val sample = byteArrayOf(1, 2, 3)
                val signature = Signature.getInstance(algorithm)
                signature.initSign(privateKey)
                signature.update(sample)
                val signed = signature.sign()
                signature.initVerify(publicKey)
                signature.update(sample)
                signature.verify(signed)
            } catch (_: GeneralSecurityException) {
                false
            }
        }

        /** [all] from the certificate of the key, which comes first, upwards; those that belong to no chain are left out. */
        private fun inOrder(all: List<X509Certificate>): List<X509Certificate> {
            if (all.size < 2) return all
            val chain = arrayListOf(all.first())
            val left = all.drop(1).toMutableList()
            while (true) {
                val last = chain.last()
                if (last.issuerX500Principal == last.subjectX500Principal) break
                val issuer = left.firstOrNull { it.subjectX500Principal == last.issuerX500Principal } ?: break
                left.remove(issuer)
                chain.add(issuer)
            }
            return chain
        }
    }
}
