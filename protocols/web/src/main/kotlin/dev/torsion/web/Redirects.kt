// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.net.URI
import java.net.URISyntaxException

/**
 * Makes answers that send a client elsewhere; Twisted's `util.Redirect` and `redirectTo`. None of them leads to a host that the client has
 * made up. A link to this site that leads to a stranger's page would make that page look trustworthy. Thread: any.
 */
public object Redirects {
    /**
     * Sends the client to [location], which may be the client's own, as in `?next=/inbox`: a path of this site, or a URL of http or https
     * whose host is one of [hosts]. Browsers read some other texts as URLs too, such as `//evil.example` and `/\evil.example`; these are
     * refused.
     *
     * @param hosts names of hosts, each with its port where that is not the usual one
     * @throws ResponseException of 400 when it leads anywhere else
     */
    @JvmStatic
    public fun within(location: String, vararg hosts: String): Response {
        if (!isPath(location) && !isUrlOf(location, hosts)) throw ResponseException(400, "That is no place to go to.")
        return Response.redirect(location, 303)
    }

    /**
     * A filter that sends requests without TLS to the same URL with https, for good (308). Only for [hosts], as the client says which it
     * wants: one with another is answered with 421. The port of the URL is the usual one.
     */
    @JvmStatic
    public fun toHttps(vararg hosts: String): RequestFilter {
        require(hosts.isNotEmpty()) { "no host is named" }
        val names = hosts.map { it.lowercase() }
        for (name in names) require(name.isNotEmpty() && isAuthority(name) && hostOf(name) == name) { "\"$name\" is no name of a host" }
        return requestFilter { request, next ->
            val host = request.authority?.let(::hostOf)
            when {
                request.isSecure -> next(request)
                host !in names -> Response.error(421)
                else -> Response.redirect("https://$host${request.rawPath.takeIf { it != "*" } ?: "/"}${query(request)}", 308)
            }
        }
    }

    /**
     * A filter that sends GET and HEAD to the path with a slash at its end, for good (301), when it has none. Others come to the handler.
     */
    @JvmStatic
    public fun toSlash(): RequestFilter = moving { path -> if (path.endsWith('/')) null else "$path/" }

    /** The opposite: without the slashes at its end. */
    @JvmStatic
    public fun withoutSlash(): RequestFilter =
        moving { path -> if (path.endsWith('/') && path != "/") path.trimEnd('/').ifEmpty { "/" } else null }

    private fun moving(move: (String) -> String?) = requestFilter { request, next ->
        val isRead = request.method == "GET" || request.method == "HEAD"
        val moved = if (isRead && request.rawPath.startsWith('/')) move(request.rawPath) else null
        // A path of two slashes would be the name of a host, once it is a location.
        if (moved == null || !isPath(moved)) next(request) else Response.redirect(moved + query(request), 301)
    }

    private fun query(request: Request) = request.rawQuery?.let { "?$it" }.orEmpty()

    private fun isPath(location: String) =
        location.startsWith('/') && !location.startsWith("//") && location.all { it.code in 0x21..0x7e && it != '\\' }

    private fun isUrlOf(location: String, hosts: Array<out String>): Boolean {
        if (!location.all { it.code in 0x21..0x7e && it != '\\' }) return false
        val url = try {
            URI(location)
        } catch (_: URISyntaxException) {
            return false
        }
        val scheme = url.scheme?.lowercase()
        if ((scheme != "http" && scheme != "https") || url.rawAuthority == null || !isAuthority(url.rawAuthority)) return false
        return hosts.any { it.equals(url.rawAuthority, ignoreCase = true) }
    }
}
