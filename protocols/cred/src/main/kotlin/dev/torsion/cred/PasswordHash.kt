// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import org.bouncycastle.crypto.generators.Argon2BytesGenerator
import org.bouncycastle.crypto.generators.OpenBSDBCrypt
import org.bouncycastle.crypto.params.Argon2Parameters
import java.security.SecureRandom
import java.util.Base64

/**
 * Makes and verifies hashes of passwords, for keeping: Argon2id in its usual text form, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. Hashes
 * of bcrypt (`$2a$`, `$2b$`, `$2y$`) are verified too. The work is Bouncy Castle's.
 *
 * ```java
 * String kept = PasswordHash.DEFAULT.hash("secret");
 * boolean right = PasswordHash.DEFAULT.verify("secret", kept);
 * ```
 *
 * Each call takes tens of milliseconds on purpose. Thread: any except a reactor's. [HashedPasswordChecker] calls it on the reactor's pool
 * of threads.
 *
 * @property memoryKiB how much memory one hash takes: 19 MiB, as OWASP recommends
 * @property iterations how many passes one hash makes over this memory
 */
public class PasswordHash
@JvmOverloads
constructor(public val memoryKiB: Int = 19_456, public val iterations: Int = 2) {
    init {
        require(memoryKiB in LEAST_MEMORY..MOST_MEMORY) { "memoryKiB must be $LEAST_MEMORY to $MOST_MEMORY, but is $memoryKiB" }
        require(iterations in 1..MOST_ITERATIONS) { "iterations must be 1 to $MOST_ITERATIONS, but is $iterations" }
    }

    /** A hash of [password] with a new salt. */
    public fun hash(password: String): String = hash(password.encodeToByteArray())

    /** The same for a password that is no text. */
    public fun hash(password: ByteArray): String {
        val salt = ByteArray(SALT).also(random::nextBytes)
        val parameters = Parameters(memoryKiB, iterations, lanes = 1, salt)
        val settings = "m=$memoryKiB,t=$iterations,p=1"
        return listOf("", "argon2id", "v=19", settings, base64(salt), base64(parameters.derive(password, HASH))).joinToString("$")
    }

    /** Whether [kept] is a hash of [password]; false too when it is no hash that is known here, or asks for absurd amounts of work. */
    public fun verify(password: String, kept: String): Boolean = verify(password.encodeToByteArray(), kept)

    /** The same for a password that is no text. */
    public fun verify(password: ByteArray, kept: String): Boolean = verified(password, kept) ?: false

    /**
     * The same for a user of whom [kept] is known, or nothing. When that is no hash that [password] could have, the work is done with
     * [nobody]: the time must not tell that there is such a user.
     */
    @JvmSynthetic
    internal fun verifyOr(nobody: String, password: ByteArray, kept: String?): Boolean {
        kept?.let { verified(password, it) }?.let { return it }
        verified(password, nobody)
        return false
    }

    /** Null when nothing was worked on: it is no hash, asks for too much, or is none of such a password. */
    private fun verified(password: ByteArray, kept: String): Boolean? {
        BCRYPT.matchEntire(kept)?.let { bcrypt ->
            val isPossible = password.size <= BCRYPT_LONGEST && bcrypt.groupValues[1].toInt() in LEAST_COST..MOST_COST
            return if (isPossible) verifyBcrypt(password, kept) else null
        }
        val (memory, iterations, lanes, salt, hash) = ARGON2.matchEntire(kept)?.destructured ?: return null
        val expected = decode(hash) ?: return null
        val parameters =
            Parameters(
                memory.toIntOrNull()?.takeIf { it in LEAST_MEMORY..MOST_MEMORY } ?: return null,
                iterations.toIntOrNull()?.takeIf { it in 1..MOST_ITERATIONS } ?: return null,
                lanes.toIntOrNull()?.takeIf { it in 1..MOST_LANES } ?: return null,
                decode(salt) ?: return null,
            )
        if (expected.size !in LEAST_HASH..MOST_HASH) return null
        return sameBytes(parameters.derive(password, expected.size), expected)
    }

    private fun verifyBcrypt(password: ByteArray, kept: String): Boolean? = try {
        OpenBSDBCrypt.checkPassword(kept, password)
    } catch (_: RuntimeException) {
        null // it looks like a hash and is none
    }

    private class Parameters(val memory: Int, val iterations: Int, val lanes: Int, val salt: ByteArray) {
        fun derive(password: ByteArray, size: Int): ByteArray {
            val parameters =
                Argon2Parameters
                    .Builder(Argon2Parameters.ARGON2_id)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(memory)
                    .withIterations(iterations)
                    .withParallelism(lanes)
                    .withSalt(salt)
                    .build()
            return ByteArray(size).also { Argon2BytesGenerator().apply { init(parameters) }.generateBytes(password, it) }
        }
    }

    override fun toString(): String = "PasswordHash(Argon2id, $memoryKiB KiB, $iterations iterations)"

    public companion object {
        /** With the numbers that OWASP recommends. */
        @JvmField
        public val DEFAULT: PasswordHash = PasswordHash()

        private val random = SecureRandom()
        private const val SALT = 16
        private const val HASH = 32
        private const val LEAST_HASH = 16
        private const val MOST_HASH = 128
        private const val LEAST_MEMORY = 8
        private const val MOST_MEMORY = 1024 * 1024
        private const val MOST_ITERATIONS = 100
        private const val MOST_LANES = 16
        private const val BCRYPT_LONGEST = 72
        private const val LEAST_COST = 4
        private const val MOST_COST = 18 // each one more doubles the work; this takes many seconds
        private val ARGON2 = Regex("""[$]argon2id[$]v=19[$]m=(\d+),t=(\d+),p=(\d+)[$]([A-Za-z0-9+/]+)[$]([A-Za-z0-9+/]+)""")
        private val BCRYPT = Regex("""[$]2[aby][$](\d\d)[$][./A-Za-z0-9]{53}""")

        private fun base64(bytes: ByteArray) = Base64.getEncoder().withoutPadding().encodeToString(bytes)

        private fun decode(text: String): ByteArray? = try {
            Base64.getDecoder().decode(text)
        } catch (_: IllegalArgumentException) {
            null
        }
    }
}
