// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.net.Address
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.web.Headers
import dev.torsion.web.Request
import dev.torsion.web.TrailerFields
import dev.torsion.web.fieldKey
import dev.torsion.web.isToken

/** The fields that a proxy passes on (RFC 9110 7.6), and those that it adds. */
internal object PassedFields {
    /** Those of [request] for the server. */
    fun toServer(request: Request, passesHost: Boolean): Headers {
        val given = request.headers
        val origin = request.life.origin?.takeIf { it.isFromProxy }
        val isBehindX = origin?.isForwarded == false
        val left = ofOneConnection(given) + OF_REQUESTS + OF_PROXIES
        val fields = Headers.builder()
        val isCounted = request.method == "OPTIONS"
        given.forEach { name, value ->
            if (fieldKey(name).let { it in left || it.startsWith(FORWARDED) }) return@forEach
            fields.add(name, if (isCounted && name.equals("Max-Forwards", ignoreCase = true)) oneLess(value) else value)
        }
        val authority = request.authority
        if (passesHost && authority != null) fields.add("Host", authority)
        val version = if (request.isHttp11) "1.1" else "1.0"
        fields.add("Via", (given.all("Via") + "$version torsion").joinToString(", "))
        // A client may have made up the fields of the kind that its proxy does not write: there we say what we know.
        val client = request.client.takeIf { host(it) != host(request.peer) }
        val forwarded = if (origin?.isForwarded == true) given.all("Forwarded") else listOfNotNull(client?.let { "for=${node(it)}" })
        val forwardedFor = if (isBehindX) given.all("X-Forwarded-For") else listOfNotNull(client?.let(::host))
        fields.add("Forwarded", (forwarded + element(request)).joinToString(", "))
        fields.add("X-Forwarded-For", (forwardedFor + host(request.peer)).joinToString(", "))
        fields.add("X-Forwarded-Proto", request.scheme)
        authority?.let { fields.add("X-Forwarded-Host", it) }
        host(request.client).takeIf { it != UNKNOWN }?.let { fields.add("X-Real-IP", it) }
        if (request.isHttp11 && given.hasToken("Connection", "te") && "trailers" in given.tokens("TE")) fields.add("TE", "trailers")
        if ("Transfer-Encoding" in given) addAnnounced(given, fields)
        return fields.build()
    }

    /** `Max-Forwards` of the next server (RFC 9110 7.6.2). A value that is no number is passed on. */
    private fun oneLess(hops: String): String = when {
        hops.isEmpty() || hops.any { it !in '0'..'9' } -> hops
        hops.length > MOST_DIGITS -> "9".repeat(MOST_DIGITS)
        else -> "${maxOf(hops.toLong() - 1, 0)}"
    }

    /** Those of an answer for the client; with the names of what stands behind its body, when it [hasTrailers]. */
    fun toClient(given: Headers, hasTrailers: Boolean): Headers {
        val left = ofOneConnection(given) + "content-length"
        val fields = Headers.builder()
        given.forEach { name, value -> if (fieldKey(name) !in left) fields.add(name, value) }
        if (hasTrailers) addAnnounced(given, fields)
        return fields.build()
    }

    /** Those of [trailers] that may stand behind a body, and that the [head] before it has not kept for its connection. */
    fun trailers(trailers: Headers, head: Headers): Headers {
        if (trailers.isEmpty) return trailers
        val left = ofOneConnection(head)
        val fields = Headers.builder()
        trailers.forEach { name, value -> if (isTrailer(name, left)) fields.add(name, value) }
        return fields.build()
    }

    /** `Trailer` is no field of one connection; but it is one of chunks (RFC 9110 6.6.2). */
    private fun addAnnounced(given: Headers, fields: Headers.Builder) {
        val left = ofOneConnection(given)
        val names = given.tokens("Trailer").filter { isToken(it) && isTrailer(it, left) }
        if (names.isNotEmpty()) fields.add("Trailer", names.joinToString(", "))
    }

    /** No name comes behind a body that is taken from a head: a receiver may put both together. */
    private fun isTrailer(name: String, left: Set<String>) =
        TrailerFields.isAllowed(name) && fieldKey(name).let { it !in left && it !in OF_REQUESTS && it !in OF_PROXIES }

    private fun ofOneConnection(fields: Headers) = OF_ONE_CONNECTION + fields.tokens("Connection").map(::fieldKey)

    /** All that we know of the end that has asked us (RFC 7239). */
    private fun element(request: Request): String {
        val host = request.authority?.let { ";host=${if (isToken(it)) it else "\"$it\""}" }.orEmpty()
        return "for=${node(request.peer)}$host;proto=${request.scheme}"
    }

    private fun node(address: Address) = if (address is IPv6Address) "\"[${host(address)}]\"" else host(address)

    private fun host(address: Address) = when (address) {
        is IPv4Address -> address.host
        is IPv6Address -> address.host.substringBefore('%') // a zone means nothing elsewhere
        else -> UNKNOWN
    }

    private const val UNKNOWN = "unknown"
    private const val MOST_DIGITS = 18

    private val OF_ONE_CONNECTION = setOf(
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
        "proxy-authenticate", "proxy-authorization", "proxy-authentication-info",
    )
    private val OF_REQUESTS = setOf("host", "content-length", "expect")

    /** The beginning of names of proxies: of those that we write, and of `-Port`, `-Server`, `-Ssl`, `-Prefix`, `-User` and whatever there is. */
    private const val FORWARDED = "x-forwarded"

    /**
     * Other words on the client, and on what it wants. No proxy of ours checks them, and a trusted one may pass them on as a client has made them up. The first ones
     * we write ourselves.
     */
    private val OF_PROXIES = setOf(
        "via", "forwarded", "x-real-ip",
        "forwarded-for", "client-ip", "x-client-ip", "true-client-ip", "x-cluster-client-ip", "x-remote-ip", "x-remote-addr",
        "x-proxyuser-ip", "cf-connecting-ip", "cf-connecting-ipv6", "cf-visitor", "fastly-client-ip", "fly-client-ip",
        "x-azure-clientip", "x-azure-socketip",
        "x-original-forwarded-for", "x-original-host", "x-original-proto", "x-original-url", "x-rewrite-url",
        "x-scheme", "x-url-scheme", "front-end-https",
    )
}
