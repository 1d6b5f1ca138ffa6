// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import org.bouncycastle.crypto.Digest
import org.bouncycastle.crypto.Signer
import org.bouncycastle.crypto.digests.SHA256Digest
import org.bouncycastle.crypto.digests.SHA384Digest
import org.bouncycastle.crypto.digests.SHA512Digest
import org.bouncycastle.crypto.params.AsymmetricKeyParameter
import org.bouncycastle.crypto.params.ECPublicKeyParameters
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters
import org.bouncycastle.crypto.params.RSAKeyParameters
import org.bouncycastle.crypto.signers.DSADigestSigner
import org.bouncycastle.crypto.signers.ECDSASigner
import org.bouncycastle.crypto.signers.Ed25519Signer
import org.bouncycastle.crypto.signers.RSADigestSigner
import org.bouncycastle.crypto.signers.StandardDSAEncoding
import org.bouncycastle.crypto.util.OpenSSHPublicKeyUtil
import java.math.BigInteger
import java.nio.ByteBuffer

/**
 * Checks keys of SSH: the key must be one of the user's, and the signature be made with it; Twisted's `SSHPublicKeyChecker`. A key of the
 * user's that is shown without a signature fails with [ValidPublicKey].
 *
 * It verifies signatures of `ssh-ed25519`, `rsa-sha2-256`, `rsa-sha2-512` and `ecdsa-sha2-nistp256`, `384` and `521`. It refuses `ssh-rsa`,
 * which signs SHA-1. Thread: any.
 *
 * @param keys the public keys of a user, in the form of RFC 4253 (what `authorized_keys` has in base 64)
 */
public class SshPublicKeyChecker(private val keys: AuthorizedKeys) : CredentialsChecker {
    /** Where keys are kept. */
    public fun interface AuthorizedKeys {
        /** The keys of [username]; none when there is no such user. */
        @Throws(Exception::class)
        public fun find(username: String): Collection<ByteArray>
    }

    override fun credentialTypes(): Set<Class<out Credentials>> = setOf(SshPrivateKey::class.java)

    override fun requestAvatarId(credentials: Credentials): Deferred<AvatarId> {
        val shown = credentials as SshPrivateKey
        if (keys.find(shown.username()).none { sameBytes(it, shown.publicKey) }) return fail(UnauthorizedLogin())
        val signature = shown.signature ?: return fail(ValidPublicKey())
        val isRight =
            try {
                verify(shown, signature)
            } catch (_: RuntimeException) {
                false // neither key nor signature needs to be well formed
            }
        return if (isRight) succeed(AvatarId.of(shown.username())) else fail(UnauthorizedLogin())
    }

    /** The signature is that of RFC 4253: the name of its algorithm, then the signature itself. */
    private fun verify(shown: SshPrivateKey, signature: SshPrivateKey.Signature): Boolean {
        val parts = ByteBuffer.wrap(signature.bytes)
        if (parts.nextString().decodeToString() != shown.algorithm) return false
        val bare = parts.nextString()
        val key = OpenSSHPublicKeyUtil.parsePublicKey(shown.publicKey)
        val signer = signer(shown.algorithm, key) ?: return false
        signer.init(false, key)
        signer.update(signature.signedData, 0, signature.signedData.size)
        return signer.verifySignature(if (key is ECPublicKeyParameters) der(key, bare) else bare)
    }

    private fun signer(algorithm: String, key: AsymmetricKeyParameter): Signer? = when (algorithm) {
        "ssh-ed25519" -> Ed25519Signer().takeIf { key is Ed25519PublicKeyParameters }
        "rsa-sha2-256" -> rsa(key, SHA256Digest())
        "rsa-sha2-512" -> rsa(key, SHA512Digest())
        "ecdsa-sha2-nistp256" -> ecdsa(key, SHA256Digest(), P256)
        "ecdsa-sha2-nistp384" -> ecdsa(key, SHA384Digest(), P384)
        "ecdsa-sha2-nistp521" -> ecdsa(key, SHA512Digest(), P521)
        else -> null
    }

    private fun rsa(key: AsymmetricKeyParameter, digest: Digest) =
        RSADigestSigner(digest).takeIf { key is RSAKeyParameters && key.modulus.bitLength() in LEAST_RSA..MOST_RSA }

    private fun ecdsa(key: AsymmetricKeyParameter, digest: Digest, bits: Int) =
        DSADigestSigner(ECDSASigner(), digest, StandardDSAEncoding.INSTANCE)
            .takeIf { key is ECPublicKeyParameters && key.parameters.curve.fieldSize == bits }

    private fun der(key: ECPublicKeyParameters, pair: ByteArray): ByteArray {
        val numbers = ByteBuffer.wrap(pair)
        return StandardDSAEncoding.INSTANCE.encode(key.parameters.n, BigInteger(numbers.nextString()), BigInteger(numbers.nextString()))
    }

    private fun ByteBuffer.nextString(): ByteArray {
        val length = getInt()
        require(length in 0..remaining()) { "a string ends behind the end" }
        return ByteArray(length).also(::get)
    }

    private companion object {
        const val P256 = 256
        const val P384 = 384
        const val P521 = 521
        const val LEAST_RSA = 1024
        const val MOST_RSA = 16_384
    }
}
