// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import java.security.MessageDigest
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/** A user's proof for a login; Twisted's `ICredentials`. A [CredentialsChecker] says which kinds it can check. */
public interface Credentials

/** The credentials of a guest, who shows nothing; Twisted's `IAnonymous`. */
public object Anonymous : Credentials {
    override fun toString(): String = "Anonymous"
}

/** Credentials of somebody with a name. Their `toString` shows the name and never a secret. */
public interface UsernameCredentials : Credentials {
    /** The name. */
    public fun username(): String
}

/**
 * Credentials of any form that the password itself can check; Twisted's `IUsernameHashedPassword`.
 */
public interface PasswordCheckable : UsernameCredentials {
    /** Whether they were made with [password]. It takes the same time wherever the two differ. */
    public fun checkPassword(password: ByteArray): Boolean
}

/** A name and a password as they are; Twisted's `UsernamePassword`. */
public class UsernamePassword(private val username: String, password: ByteArray) : PasswordCheckable {
    /** For a password that is text: its UTF-8 form. */
    public constructor(username: String, password: String) : this(username, password.encodeToByteArray())

    private val secret = password.clone()

    /** The password, in an array that is the caller's. */
    public fun password(): ByteArray = secret.clone()

    override fun checkPassword(password: ByteArray): Boolean = sameBytes(secret, password)

    override fun username(): String = username

    override fun toString(): String = "UsernamePassword($username)"
}

/**
 * A name and a hash that the client has made of the password, in a way that both sides know; Twisted's `UsernameHashedPassword`. The
 * checker has kept the same hash.
 */
public class UsernameHashedPassword(private val username: String, hashed: ByteArray) : PasswordCheckable {
    private val secret = hashed.clone()

    override fun checkPassword(password: ByteArray): Boolean = sameBytes(secret, password)

    override fun username(): String = username

    override fun toString(): String = "UsernameHashedPassword($username)"
}

/** The answer to a challenge, made with the password, which does not travel. */
public abstract class ChallengeResponse(private val username: String, challenge: ByteArray, response: ByteArray) : PasswordCheckable {
    /** The challenge. */
    protected val challenge: ByteArray = challenge.clone()
    private val response = response.clone()

    /** The right answer for [password]. */
    protected abstract fun expected(password: ByteArray): ByteArray

    final override fun checkPassword(password: ByteArray): Boolean = matches(expected(password))

    /** Whether the answer is [expected]. */
    protected fun matches(expected: ByteArray): Boolean = sameBytes(expected, response)

    override fun username(): String = username

    override fun toString(): String = "${javaClass.simpleName}($username)"
}

/**
 * Perspective Broker's answer to a challenge, `md5(md5(password) + challenge)`; Twisted's `IUsernameMD5Password`. The protocol allows no
 * other hash than MD5. A listener on the wire can try passwords until one fits the answer. So use it over a connection that nobody can
 * listen to, such as TLS.
 */
public class Md5ChallengeResponse(username: String, challenge: ByteArray, response: ByteArray) :
    ChallengeResponse(username, challenge, response) {
    override fun expected(password: ByteArray): ByteArray = respond(password, challenge)

    /** The same for a checker that has kept only `md5(password)`. */
    public fun checkMd5Password(md5Password: ByteArray): Boolean = matches(md5(md5Password, challenge))

    public companion object {
        /** The right answer to [challenge] for [password]. */
        @JvmStatic
        public fun respond(password: ByteArray, challenge: ByteArray): ByteArray = md5(md5(password), challenge)

        private fun md5(vararg parts: ByteArray): ByteArray = MessageDigest.getInstance("MD5").also { parts.forEach(it::update) }.digest()
    }
}

/** The answer of CRAM-MD5 (RFC 2195), which is the HMAC-MD5 of the challenge in hexadecimal; Twisted's `CramMD5Credentials`. */
public class CramMd5Credentials(username: String, challenge: ByteArray, response: ByteArray) :
    ChallengeResponse(username, challenge, response) {
    override fun expected(password: ByteArray): ByteArray = respond(password, challenge)

    public companion object {
        private const val ALGORITHM = "HmacMD5"

        /** The right answer to [challenge] for [password]. */
        @JvmStatic
        public fun respond(password: ByteArray, challenge: ByteArray): ByteArray {
            val mac = Mac.getInstance(ALGORITHM)
            mac.init(SecretKeySpec(password.ifEmpty { ByteArray(1) }, ALGORITHM)) // HMAC pads keys with zeros; Java wants one byte at least
            return java.util.HexFormat.of().formatHex(mac.doFinal(challenge)).encodeToByteArray()
        }

        private inline fun ByteArray.ifEmpty(other: () -> ByteArray) = if (isEmpty()) other() else this
    }
}

/**
 * A public key of SSH and, unless the client only asks whether it would do, a signature made with its private half; Twisted's
 * `SSHPrivateKey`.
 *
 * @property algorithm how it was signed: `ssh-ed25519`, `rsa-sha2-256`, `rsa-sha2-512`, `ecdsa-sha2-nistp256` and so on
 */
public class SshPrivateKey private constructor(
    private val username: String,
    @get:JvmName("algorithm") public val algorithm: String,
    @get:JvmSynthetic internal val publicKey: ByteArray,
    @get:JvmSynthetic internal val signature: Signature?,
) : UsernameCredentials {
    /** The question whether [publicKey] would do for the user called [username]. */
    public constructor(username: String, algorithm: String, publicKey: ByteArray) : this(username, algorithm, publicKey.clone(), null)

    /** The same with [signature], which was made of [signedData]: no question any more. */
    public fun withSignature(signature: ByteArray, signedData: ByteArray): SshPrivateKey =
        SshPrivateKey(username, algorithm, publicKey, Signature(signature.clone(), signedData.clone()))

    override fun username(): String = username

    override fun toString(): String = "SshPrivateKey($username, $algorithm)"

    internal class Signature(val bytes: ByteArray, val signedData: ByteArray)
}

/** Compares in a time that does not depend on where the two differ. */
internal fun sameBytes(one: ByteArray, other: ByteArray): Boolean = MessageDigest.isEqual(one, other)
