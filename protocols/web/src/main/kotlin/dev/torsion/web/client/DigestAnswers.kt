// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.security.MessageDigest
import java.security.SecureRandom
import java.util.HexFormat

/** Answers the questions of one server by digest (RFC 7616): knows its last one, and how often that was answered. */
internal class DigestAnswers(
    private val user: String,
    private val password: String,
    private val makeClientNonce: () -> String = ::randomNonce,
) {
    private class Question(
        val realm: String,
        val nonce: String,
        val opaque: String?,
        val algorithm: Algorithm,
        val hasQop: Boolean,
        val hidesUser: Boolean,
    ) {
        var count = 0
    }

    private class Algorithm(val name: String, val digest: String, val isSession: Boolean, val rank: Int)

    private var question: Question? = null

    /** Takes the question of [fields], the values of `WWW-Authenticate`. Whether only the time of the last one was over; null when it has none that we know. */
    fun asked(fields: List<String>): Boolean? {
        val (next, parameters) = fields.flatMap(Challenge::parse).filter { it.scheme.equals("Digest", ignoreCase = true) }
            .mapNotNull { challenge -> question(challenge.parameters)?.let { it to challenge.parameters } }
            .maxByOrNull { it.first.algorithm.rank } ?: return null
        question = next
        return parameters["stale"].equals("true", ignoreCase = true)
    }

    private fun question(parameters: Map<String, String>): Question? {
        val algorithm = ALGORITHMS.find { it.name.equals(parameters["algorithm"] ?: "MD5", ignoreCase = true) } ?: return null
        val qop = parameters["qop"]?.split(',')?.map { it.trim().lowercase() }
        if (qop != null && "auth" !in qop) return null
        if (qop == null && algorithm.isSession) return null
        return Question(
            realm = parameters["realm"] ?: return null,
            nonce = parameters["nonce"] ?: return null,
            opaque = parameters["opaque"],
            algorithm = algorithm,
            hasQop = qop != null,
            hidesUser = parameters["userhash"].equals("true", ignoreCase = true),
        )
    }

    /** The value of `Authorization` for [request]; null when there is no question yet. */
    fun answer(request: ClientRequest): String? {
        val question = question ?: return null
        val target = Origin.target(request.method, request.url)
        val algorithm = question.algorithm
        val clientNonce = makeClientNonce()
        val count = "%08x".format(++question.count)
        val secret = algorithm.hash("$user:${question.realm}:$password")
            .let { if (algorithm.isSession) algorithm.hash("$it:${question.nonce}:$clientNonce") else it }
        val what = algorithm.hash("${request.method}:$target")
        val middle = if (question.hasQop) "${question.nonce}:$count:$clientNonce:auth" else question.nonce
        return buildString {
            append("Digest ").append(name(question))
            append(", realm=").append(quoted(question.realm))
            append(", nonce=").append(quoted(question.nonce))
            append(", uri=").append(quoted(target))
            append(", response=\"").append(algorithm.hash("$secret:$middle:$what")).append('"')
            append(", algorithm=").append(algorithm.name)
            question.opaque?.let { append(", opaque=").append(quoted(it)) }
            if (question.hasQop) append(", qop=auth, nc=").append(count)
            if (question.hasQop || algorithm.isSession) append(", cnonce=\"").append(clientNonce).append('"')
            if (question.hidesUser) append(", userhash=true")
        }
    }

    private fun name(question: Question): String = when {
        question.hidesUser -> "username=\"${question.algorithm.hash("$user:${question.realm}")}\""
        user.all { it.code in 0x20..0x7e } -> "username=${quoted(user)}"
        else -> "username*=UTF-8''" + user.toByteArray().joinToString("") { "%%%02X".format(it) }
    }

    private fun Algorithm.hash(text: String): String =
        HexFormat.of().formatHex(MessageDigest.getInstance(digest).digest(text.toByteArray()))

    private companion object {
        val ALGORITHMS = listOf("MD5" to "MD5", "SHA-256" to "SHA-256", "SHA-512-256" to "SHA-512/256").flatMapIndexed {
                rank,
                (name, digest),
            ->
            listOf(Algorithm(name, digest, false, rank), Algorithm("$name-sess", digest, true, rank))
        }
        val random = SecureRandom()
        const val NONCE_BYTES = 16

        fun randomNonce(): String = HexFormat.of().formatHex(ByteArray(NONCE_BYTES).also(random::nextBytes))

        fun quoted(text: String) = "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\""
    }
}
