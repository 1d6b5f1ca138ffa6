// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

import dev.torsion.clock.Clock
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.security.SecureRandom
import java.time.Duration
import java.util.Base64
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/**
 * The numbers of [DigestScheme]. One that is made takes no memory: it has its time in it, and a MAC. One that is used is kept, with the
 * counts that it was used with. When there are too many, the oldest ones are forgotten, and all that are as old and are not kept count as
 * stale: so no count is taken twice, whoever fills the memory.
 */
internal class Nonces(private val clock: Clock, private val most: Int = MOST) {
    enum class Verdict { FOREIGN, STALE, GOOD }

    /**
     * Which counts were used: the highest one, and which of the 63 before it. Browsers send several requests at a time, and so out of
     * order.
     */
    private class Counts(val made: Long) {
        private var highest = 0L
        private var seen = 0L // bit n is that of highest - n

        fun use(count: Long): Boolean {
            if (count > highest) {
                val ahead = count - highest
                seen = if (ahead >= Long.SIZE_BITS) 1 else (seen shl ahead.toInt()) or 1
                highest = count
                return true
            }
            val behind = highest - count
            if (count == 0L || behind >= Long.SIZE_BITS || seen shr behind.toInt() and 1 == 1L) return false
            seen = seen or (1L shl behind.toInt())
            return true
        }
    }

    private val random = SecureRandom()
    private val key = SecretKeySpec(ByteArray(KEY_BYTES).also(random::nextBytes), ALGORITHM)
    private val start = clock.nanoTime()
    private val used = LinkedHashMap<String, Counts>()
    private var forgotten = -1L // the time of the newest one that was used and is forgotten

    fun make(): String {
        val chance = ByteArray(RANDOM_BYTES).also(random::nextBytes)
        val body = ByteBuffer.allocate(BODY_BYTES).putLong(clock.nanoTime() - start).put(chance).array()
        return Base64.getUrlEncoder().withoutPadding().encodeToString(body + mac(body))
    }

    /** Takes [count] of [nonce], once. */
    fun use(nonce: String, count: Long): Verdict {
        val bytes = try {
            Base64.getUrlDecoder().decode(nonce)
        } catch (_: IllegalArgumentException) {
            return Verdict.FOREIGN
        }
        if (bytes.size != BODY_BYTES + MAC_BYTES) return Verdict.FOREIGN
        val body = bytes.copyOf(BODY_BYTES)
        if (!MessageDigest.isEqual(mac(body), bytes.copyOfRange(BODY_BYTES, bytes.size))) return Verdict.FOREIGN
        return synchronized(used) { use(nonce, count, made = ByteBuffer.wrap(body).getLong()) } // reactors of a group may share a scheme
    }

    private fun use(nonce: String, count: Long, made: Long): Verdict {
        forgetOld()
        if (clock.nanoTime() - start - made >= LIFETIME.toNanos()) return Verdict.STALE
        val known = used[nonce]
        if (known == null && made <= forgotten) return Verdict.STALE
        val counts = known ?: Counts(made).also { keep(nonce, it) }
        return if (counts.use(count)) Verdict.GOOD else Verdict.STALE
    }

    private fun keep(nonce: String, counts: Counts) {
        used[nonce] = counts
        if (used.size > most) forget(used.entries.first())
    }

    private fun forgetOld() {
        while (true) {
            val first = used.entries.firstOrNull() ?: return
            if (clock.nanoTime() - start - first.value.made < LIFETIME.toNanos()) return
            used.remove(first.key)
        }
    }

    private fun forget(entry: Map.Entry<String, Counts>) {
        forgotten = maxOf(forgotten, entry.value.made)
        used.remove(entry.key)
    }

    private fun mac(body: ByteArray): ByteArray = Mac.getInstance(ALGORITHM).apply { init(key) }.doFinal(body).copyOf(MAC_BYTES)

    private companion object {
        const val ALGORITHM = "HmacSHA256"
        const val KEY_BYTES = 32
        const val RANDOM_BYTES = 10
        const val BODY_BYTES = 8 + RANDOM_BYTES
        const val MAC_BYTES = 18
        const val MOST = 10_000
        val LIFETIME: Duration = Duration.ofMinutes(5)
    }
}
