// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.net.Address
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.web.Headers
import dev.torsion.web.Request
import dev.torsion.web.isToken

/** The fields that a proxy passes on (RFC 9110 7.6), and those that it adds. */
internal object PassedFields {
    /** Those of [request] for the server. */
    fun toServer(request: Request, passesHost: Boolean): Headers {
        val given = request.headers
        val origin = request.life.origin?.takeIf { it.isFromProxy }
        val isBehindX = origin?.isForwarded == false
        val left = ofOneConnection(given) + OF_REQUESTS + SET + if (isBehindX) emptySet() else OF_PROXIES
        val fields = Headers.builder()
        given.forEach { name, value -> if (key(name) !in left) fields.add(name, value) }
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
        return fields.build()
    }

    /** Those of an answer for the client. */
    fun toClient(given: Headers): Headers {
        val left = ofOneConnection(given) + "content-length"
        val fields = Headers.builder()
        given.forEach { name, value -> if (key(name) !in left) fields.add(name, value) }
        return fields.build()
    }

    private fun ofOneConnection(fields: Headers) = OF_ONE_CONNECTION + fields.tokens("Connection").map(::key)

    /** Programs behind CGI, WSGI and their like get `X_A` and `X-A` as one field. */
    private fun key(name: String) = name.lowercase().replace('_', '-')

    /** All that we know of the end that has asked us (RFC 7239). */
    private fun element(request: Request): String {
        val host = request.authority?.let { ";host=${if (isToken(it)) it else "\"$it\""}" }.orEmpty()
        return "for=${node(request.peer)}$host;proto=${request.scheme}"
    }

    private fun node(address: Address) = if (address is IPv6Address) "\"[${host(address)}]\"" else host(address)

    private fun host(address: Address) = when (address) {
        is IPv4Address -> address.host
        is IPv6Address -> address.host.substringBefore('%') // a zone means nothing elsewhere
        else -> "unknown"
    }

    private val OF_ONE_CONNECTION = setOf(
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
        "proxy-authenticate", "proxy-authorization", "proxy-authentication-info",
    )
    private val OF_REQUESTS = setOf("host", "content-length", "expect")
    private val OF_PROXIES = setOf("x-forwarded-port", "x-real-ip")

    /** Which we write ourselves, with or without what was there. */
    private val SET = setOf("via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
}
