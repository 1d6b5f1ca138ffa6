// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

import dev.torsion.cred.LoginFailed
import dev.torsion.cred.PasswordCheckable
import java.security.MessageDigest
import java.util.HexFormat

/**
 * The answer of a client to [DigestScheme]; Twisted's `DigestedCredentials`. Its checker knows the password, or the hash of it that
 * [hashOf] makes.
 */
public class DigestCredentials internal constructor(
    private val username: String,
    private val realm: String,
    private val algorithm: DigestAlgorithm,
    private val behind: String, // what is hashed behind the hash of the password
    private val response: String,
) : PasswordCheckable {
    override fun username(): String = username

    /** The hash that was used: `SHA-256` or `MD5`. */
    public fun algorithm(): String = algorithm.text

    override fun checkPassword(password: ByteArray): Boolean = checkHash(hashOf(algorithm.text, username, realm, password))

    /**
     * The same with [hash], which [hashOf] has made of the password and the checker has kept; Twisted's `checkHash`. It is as good as the
     * password here.
     */
    public fun checkHash(hash: String): Boolean {
        val expected = algorithm.hash("$hash:$behind".toByteArray())
        return MessageDigest.isEqual(expected.toByteArray(), response.lowercase().toByteArray())
    }

    override fun toString(): String = "DigestCredentials($username)"

    public companion object {
        /**
         * The hash of a password that a checker may keep: of the name, the realm and the password, by [algorithm], which is `SHA-256` or
         * `MD5`.
         */
        @JvmStatic
        public fun hashOf(algorithm: String, username: String, realm: String, password: ByteArray): String {
            val known = DigestAlgorithm.entries.find { it.text == algorithm }
            return requireNotNull(known) { "there is no algorithm $algorithm" }.hash("$username:$realm:".toByteArray() + password)
        }
    }
}

internal enum class DigestAlgorithm(val text: String) {
    SHA_256("SHA-256"),
    MD5("MD5"),
    ;

    fun hash(bytes: ByteArray): String = HexFormat.of().formatHex(MessageDigest.getInstance(text).digest(bytes))
}

/** The number of the client is ours, but too old, or its count was used. */
internal class StaleNonce : LoginFailed("The nonce is stale.")
