// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * The names that may stand behind a body (RFC 9110 6.5.1). A receiver must know some fields before the body: those that frame or route the message,
 * name the client, say what it wants or what the body is. A receiver that adds trailers to the head would take such a field for one of the head.
 */
internal object TrailerFields {
    fun isAllowed(name: String): Boolean {
        val key = fieldKey(name)
        return key !in REFUSED && PREFIXES.none(key::startsWith) && (!key.startsWith(CONTENT) || key in OF_CONTENT)
    }

    /** @throws IllegalArgumentException when one of [fields] may not stand behind a body */
    fun check(fields: Headers) {
        fields.forEach { name, _ -> require(isAllowed(name)) { "$name is no field of a trailer (RFC 9110 6.5.1)" } }
    }

    private const val CONTENT = "content-"

    /** Those of a body that are known at its end only. */
    private val OF_CONTENT = setOf("content-digest", "content-md5")

    /** Conditions, and the words of proxies and browsers on the client. */
    private val PREFIXES = listOf("if-", "x-forwarded", "proxy-", "access-control-", "sec-", "cf-")

    private val REFUSED = setOf(
        // framing and the connection
        "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings",
        // routing
        "host", "via", "forwarded", "forwarded-for", "max-forwards", "location", "origin", "referer", "alt-svc", "x-real-ip", "x-client-ip",
        "true-client-ip", "x-http-method-override", "x-original-url", "x-rewrite-url",
        // the client
        "authorization", "www-authenticate", "cookie", "set-cookie", "strict-transport-security",
        // what is wanted
        "expect", "range", "cache-control", "pragma", "accept", "accept-charset", "accept-encoding", "accept-language",
        // what an answer is
        "age", "date", "expires", "retry-after", "vary", "warning", "accept-ranges", "refresh", "allow",
    )
}

/** The name that others take [name] for. Programs behind CGI, WSGI and their like get `X_A` and `X-A` as one field. */
internal fun fieldKey(name: String): String = name.lowercase().replace('_', '-')
