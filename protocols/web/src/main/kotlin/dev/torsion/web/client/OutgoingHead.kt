// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.Headers
import dev.torsion.web.HttpWriter

/** The heads of requests as they go on the wire. */
internal object OutgoingHead {
    /** The head of [request]; [expects] whether its body waits for leave. Through a [proxy], when one is given, and in its form. */
    fun of(request: ClientRequest, options: HttpClientOptions, expects: Boolean, proxy: HttpProxy?): ByteArray {
        val given = request.headers
        val fields = Headers.builder()
        val origin = request.origin
        if (proxy != null || "Host" !in given) fields.add("Host", origin.authority)
        if (options.userAgent != null && "User-Agent" !in given) fields.add("User-Agent", options.userAgent)
        if (proxy?.authorization != null) fields.add("Proxy-Authorization", proxy.authorization)
        val isListed = "TE" in given // RFC 9110 10.1.4: then it is one of the connection
        val passed = if (proxy != null) given.without("Host") else given
        fields.add(if (isListed) passed.without("Connection") else passed)
        if (isListed) fields.add("Connection", if ("Connection" in given) "TE, close" else "TE")
        val body = request.body
        if (body != null) {
            if (body.contentType != null && "Content-Type" !in given) fields.add("Content-Type", body.contentType)
            if (body.length >= 0) fields.add("Content-Length", body.length.toString()) else fields.add("Transfer-Encoding", "chunked")
            if (expects) fields.add("Expect", "100-continue")
        } else if (request.method in WITH_LENGTH) {
            fields.add("Content-Length", "0")
        }
        val target = if (proxy == null) request.target else "$origin${request.target}"
        return HttpWriter.request(request.method, target, fields.build())
    }

    /** The head that asks a [proxy] for a tunnel to [origin]. */
    fun connect(origin: Origin, options: HttpClientOptions, proxy: HttpProxy): ByteArray {
        val fields = Headers.builder().add("Host", origin.hostAndPort)
        if (options.userAgent != null) fields.add("User-Agent", options.userAgent)
        if (proxy.authorization != null) fields.add("Proxy-Authorization", proxy.authorization)
        return HttpWriter.request("CONNECT", origin.hostAndPort, fields.build())
    }

    /** Those that have a body as a rule say that there is none (RFC 9110 8.6). */
    private val WITH_LENGTH = setOf("POST", "PUT", "PATCH")
}
