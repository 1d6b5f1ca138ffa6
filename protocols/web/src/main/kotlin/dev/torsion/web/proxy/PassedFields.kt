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
        val isFromProxy = request.life.origin?.isFromProxy == true
        val left = ofOneConnection(given) + OF_REQUESTS + if (isFromProxy) emptySet() else OF_PROXIES
        val fields = Headers.builder()
        given.forEach { name, value -> if (name.lowercase() !in left && name.lowercase() !in SET) fields.add(name, value) }
        val authority = request.authority
        if (passesHost && authority != null) fields.add("Host", authority)
        val version = if (request.isHttp11) "1.1" else "1.0"
        fields.add("Via", (given.all("Via") + "$version torsion").joinToString(", "))
        val before = if (isFromProxy) given else Headers.EMPTY
        fields.add("Forwarded", (before.all("Forwarded") + element(request)).joinToString(", "))
        fields.add("X-Forwarded-For", (before.all("X-Forwarded-For") + host(request.peer)).joinToString(", "))
        fields.add("X-Forwarded-Proto", request.scheme)
        authority?.let { fields.add("X-Forwarded-Host", it) }
        return fields.build()
    }

    /** Those of an answer for the client. */
    fun toClient(given: Headers): Headers {
        val left = ofOneConnection(given) + "content-length"
        val fields = Headers.builder()
        given.forEach { name, value -> if (name.lowercase() !in left) fields.add(name, value) }
        return fields.build()
    }

    private fun ofOneConnection(fields: Headers) = OF_ONE_CONNECTION + fields.tokens("Connection")

    /** All that we know of the end that has asked us (RFC 7239). */
    private fun element(request: Request): String {
        val node = when (val peer = request.peer) {
            is IPv4Address -> peer.host
            is IPv6Address -> "\"[${host(peer)}]\""
            else -> "unknown"
        }
        val host = request.authority?.let { ";host=${if (isToken(it)) it else "\"$it\""}" }.orEmpty()
        return "for=$node$host;proto=${request.scheme}"
    }

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
    private val OF_PROXIES = setOf("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip")

    /** Which we write ourselves, with or without what was there. */
    private val SET = setOf("via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
}
