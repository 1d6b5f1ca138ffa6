// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** The rules of a whole head. A head that breaks one of them may smuggle a request. */
internal object HeadRules {
    fun request(method: String, target: String, isHttp11: Boolean, headers: Headers): RequestHead {
        val told = Told(headers)
        val host = told.host
        when {
            told.hosts > 1 -> bad("There is more than one Host.", "RFC 9112 3.2")
            host == null -> if (isHttp11) bad("There is no Host.", "RFC 9112 3.2")
            !isAuthority(host) -> bad("The Host is none.", "RFC 9112 3.2")
        }
        if (!isTarget(method, target)) bad("The target does not fit the method, or is no URL.", "RFC 9112 3.2")
        if (host != null && !fits(host, target)) bad("The Host is not that of the target.", "RFC 9112 3.2.2")
        return RequestHead(method, target, isHttp11, headers, framing(told, isHttp11, BodyFraming.NONE))
    }

    /** The fields that the rules look at, found in one pass over all. */
    private class Told(val headers: Headers) {
        var hosts = 0
        var host: String? = null
        var lengths = 0
        var length: String? = null
        var codings = 0

        init {
            for (i in 0 until headers.size) {
                val name = headers.name(i)
                when (name.length) {
                    HOST.length -> if (name.equals(HOST, ignoreCase = true)) {
                        hosts++
                        host = headers.value(i)
                    }
                    LENGTH.length -> if (name.equals(LENGTH, ignoreCase = true)) {
                        lengths++
                        length = headers.value(i)
                    }
                    CODING.length -> if (name.equals(CODING, ignoreCase = true)) codings++
                }
            }
        }
    }

    /** Whether [host] is that of [target], where this is a whole URL: a server takes the one, and a proxy before it perhaps the other. */
    private fun fits(host: String, target: String): Boolean {
        if (target.startsWith('/')) return true
        val scheme = schemeOf(target) ?: return true
        val port = if (scheme == "http://") ":80" else ":443" // which is there also when it is not said
        fun named(authority: String) = authority.removeSuffix(port).removeSuffix(":")
        return named(host).equals(named(authorityOf(target.substring(scheme.length))), ignoreCase = true)
    }

    /** [isToHead]: it answers a HEAD. */
    fun response(status: Int, reason: String, isHttp11: Boolean, headers: Headers, isToHead: Boolean): ResponseHead {
        val framing = framing(Told(headers), isHttp11, BodyFraming.UNTIL_END)
        val hasNoBody = isToHead || status == 204 || status == 304 || status < 200
        return ResponseHead(status, reason, isHttp11, headers, if (hasNoBody) BodyFraming.NONE else framing)
    }

    /** RFC 9112 6.3, except for heads with an error in them: that is always refused, and never repaired. */
    private fun framing(told: Told, isHttp11: Boolean, default: BodyFraming): BodyFraming {
        if (told.codings > 0) {
            if (told.lengths > 0) bad("There are both a Transfer-Encoding and a Content-Length.", "RFC 9112 6.1")
            if (!isHttp11) bad("There is a Transfer-Encoding in a message of HTTP/1.0.", "RFC 9112 6.1")
            return chunked(told.headers)
        }
        val length = told.length ?: return default
        if (told.lengths > 1) bad("There is more than one Content-Length.", "RFC 9112 6.3")
        return BodyFraming.of(length(length))
    }

    private fun chunked(headers: Headers): BodyFraming {
        if (headers.all(CODING).singleOrNull().equals("chunked", ignoreCase = true)) return BodyFraming.CHUNKED
        val codings = headers.tokens(CODING)
        if (codings == listOf("chunked")) bad("Transfer-Encoding has more than chunked.", "RFC 9112 6.1")
        if (codings.count { it == "chunked" } != 1 || codings.last() != "chunked") {
            bad("The last coding is not chunked.", "RFC 9112 6.3")
        }
        throw HttpViolationException("There is a coding other than chunked.", 501, "RFC 9112 6.1")
    }

    private fun length(text: String): Long {
        if (text.isEmpty() || text.length > MOST_DIGITS || text.any { it !in '0'..'9' }) {
            bad("The Content-Length is no number.", "RFC 9110 8.6")
        }
        return text.toLong()
    }

    private const val MOST_DIGITS = 18
    private const val HOST = "Host"
    private const val LENGTH = "Content-Length"
    private const val CODING = "Transfer-Encoding"

    private fun bad(message: String, rule: String): Unit = throw HttpViolationException(message, 400, rule)
}
