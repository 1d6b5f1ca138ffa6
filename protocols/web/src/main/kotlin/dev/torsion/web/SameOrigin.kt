// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Refuses what pages of other sites make a browser send (cross-site request forgery): a filter that lets a request change something only
 * when a page of this site has sent it, or no browser. Twisted has none.
 *
 * ```java
 * Site site = Site.of(reactor, router).with(SameOrigin.filter());
 * ```
 *
 * Browsers send their cookies and logins with each request, whichever page it is from. They say from where in `Sec-Fetch-Site`, and older
 * ones in `Origin`. A request that has neither is of no browser of today, and is let through: it has no cookies that somebody else could
 * use.
 *
 * `Origin` is compared with [Request.authority]. Behind a proxy that changes `Host`, [HttpServerOptions.trustedProxies] have to say what it
 * was: otherwise posts of older browsers, and all posts without TLS, are refused.
 *
 * GET, HEAD and OPTIONS are always let through, as links of other sites lead here: so they must change nothing. Others get 403, when they
 * come from a page elsewhere. Besides this, cookies of [SetCookie] are `SameSite=Lax` unless told otherwise.
 *
 * Thread: any.
 */
public object SameOrigin {
    /**
     * The filter.
     *
     * @param others pages of these origins may send anything too: scheme, host and port, as browsers write them, such as
     *   `https://app.example`. They may act for whoever reads them
     * @throws IllegalArgumentException when one is no origin
     */
    @JvmStatic
    public fun filter(vararg others: String): RequestFilter {
        for (origin in others) requireOrigin(origin)
        val trusted = others.toSet()
        return requestFilter { request, next ->
            if (isOurs(request, trusted)) next(request) else throw ResponseException(403, "This was sent by a page of another site.")
        }
    }

    private fun isOurs(request: Request, trusted: Set<String>): Boolean {
        if (request.method in SAFE) return true
        val origins = request.headers.all("Origin")
        val sites = request.headers.all("Sec-Fetch-Site")
        return when {
            origins.singleOrNull() in trusted -> true
            sites.isNotEmpty() -> sites.all { it == "same-origin" || it == "none" } // none: typed by the user
            // Whether TLS ends before us, only trusted proxies could say: so the host decides.
            else -> origins.all { isOfHost(it.lowercase(), request.authority) }
        }
    }

    /** Browsers leave the usual port out, and a proxy may put it behind the host. */
    private fun isOfHost(origin: String, authority: String?): Boolean {
        val host = origin.substringAfter("://", "")
        val usual = if (origin.startsWith("https:")) ":443" else ":80"
        return host.isNotEmpty() && host.removeSuffix(usual) == authority?.removeSuffix(usual)
    }

    private val SAFE = setOf("GET", "HEAD", "OPTIONS")
}
