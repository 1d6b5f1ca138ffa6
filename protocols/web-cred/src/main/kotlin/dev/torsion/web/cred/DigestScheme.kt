// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

import dev.torsion.clock.Clock
import dev.torsion.cred.Credentials
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.web.Request
import java.net.URLDecoder

/**
 * A hash of the password, of a number that the server has chosen, and of the request (RFC 7616); Twisted's `DigestCredentialFactory`. Gives
 * [DigestCredentials]. The password does not travel, but a listener can try passwords until one fits. Over TLS, [BasicScheme] with hashes
 * in the store is better.
 *
 * ```java
 * new DigestScheme(reactor, "orders").withMd5()
 * ```
 *
 * A MAC shows that the numbers (nonces) are the server's own. They last five minutes, and each count of a client is taken once: a listener
 * cannot send a request again. The hash must name the target of the request. The scheme demands `qop=auth`, and asks for SHA-256. It asks
 * for MD5 only with [withMd5].
 */
public class DigestScheme private constructor(
    private val realm: String,
    private val nonces: Nonces,
    private val algorithms: List<DigestAlgorithm>,
) : AuthScheme {
    /** Asks for SHA-256. [realm] is the name of the place that the login is for. Browsers show it, and it is a part of the hash. */
    public constructor(clock: Clock, realm: String) : this(realm, Nonces(clock), listOf(DigestAlgorithm.SHA_256))

    init {
        quoted(realm)
    }

    /** This scheme, which takes MD5 of clients that do not know SHA-256. */
    public fun withMd5(): DigestScheme = DigestScheme(realm, nonces, listOf(DigestAlgorithm.SHA_256, DigestAlgorithm.MD5))

    override fun name(): String = "Digest"

    override fun questions(request: Request, isStale: Boolean): List<String> {
        val nonce = nonces.make()
        val stale = if (isStale) ", stale=true" else ""
        return algorithms.map { "Digest realm=${quoted(realm)}, qop=\"auth\", algorithm=${it.text}, nonce=\"$nonce\", charset=UTF-8$stale" }
    }

    override fun credentials(value: String, request: Request): Credentials {
        val fields = AuthParameters.of(value) ?: throw UnauthorizedLogin()
        fun field(name: String) = fields[name] ?: throw UnauthorizedLogin()
        val algorithm = algorithms.find { it.text.equals(fields["algorithm"] ?: "MD5", ignoreCase = true) } ?: throw UnauthorizedLogin()
        val count = field("nc")
        val isWrong = field("realm") != realm || field("qop") != "auth" || field("uri") != request.target || !COUNT.matches(count) ||
            fields["userhash"].equals("true", ignoreCase = true)
        if (isWrong) throw UnauthorizedLogin()
        when (nonces.use(field("nonce"), count.toLong(radix = 16))) {
            Nonces.Verdict.FOREIGN -> throw UnauthorizedLogin()
            Nonces.Verdict.STALE -> throw StaleNonce()
            Nonces.Verdict.GOOD -> Unit
        }
        val behind = "${field("nonce")}:$count:${field("cnonce")}:auth:${algorithm.hash("${request.method}:${field("uri")}".toByteArray())}"
        return DigestCredentials(username(fields), realm, algorithm, behind, field("response"))
    }

    private fun username(fields: Map<String, String>): String {
        val plain = fields["username"]
        val coded = fields["username*"]
        if ((plain == null) == (coded == null)) throw UnauthorizedLogin()
        if (plain != null) return String(plain.toByteArray(Charsets.ISO_8859_1), Charsets.UTF_8)
        if (coded?.startsWith("UTF-8''", ignoreCase = true) != true) throw UnauthorizedLogin()
        return try {
            URLDecoder.decode(coded.substring("UTF-8''".length).replace("+", "%2B"), Charsets.UTF_8)
        } catch (_: IllegalArgumentException) {
            throw UnauthorizedLogin()
        }
    }

    override fun toString(): String = "DigestScheme(${algorithms.map { it.text }})"

    private companion object {
        val COUNT = Regex("[0-9a-fA-F]{8}")
    }
}
