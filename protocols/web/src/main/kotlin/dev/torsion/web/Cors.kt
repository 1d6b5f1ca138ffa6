// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Duration

/**
 * Lets pages of other origins read answers (CORS, the Fetch standard). It is a filter that answers preflights by itself, and adds the
 * fields that browsers ask for to other answers. Twisted has none. Thread: the reactor's.
 *
 * ```java
 * Site site = Site.of(reactor, router)
 *     .with(Cors.builder().origins("https://app.example").headers("Content-Type").credentials().build());
 * ```
 *
 * A request of an origin that is not allowed still comes to its handler. Its answer has no such field, so the browser hides the answer from
 * the page. CORS keeps answers from pages, and keeps no request from a handler.
 */
public class Cors private constructor(private val given: Builder) {
    private val origins = given.origins.toSet()
    private val isAny = given.isAny
    private val hasCredentials = given.hasCredentials
    private val methods = given.methods.joinToString(", ")
    private val headers = given.headers.joinToString(", ")
    private val exposed = given.exposed.joinToString(", ")

    private suspend fun answer(request: Request, next: suspend (Request) -> Response): Response {
        val origin = request.headers.all("Origin").singleOrNull()
        val isAllowed = origin != null && (isAny || origin in origins)
        val isPreflight = request.method == "OPTIONS" && origin != null && "Access-Control-Request-Method" in request.headers
        val answer = if (isPreflight) Response.of(204) else next(request)
        // A cache must not give the answer for one origin to another; nor that for none.
        val varying = if (isAny) answer else answer.varying("Origin")
        if (!isAllowed) return varying
        val fields = Headers.builder()
        varying.headers.forEach { name, value -> if (!name.startsWith(PREFIX, ignoreCase = true)) fields.add(name, value) }
        fields.add("${PREFIX}Origin", if (isAny) "*" else origin)
        if (hasCredentials) fields.add("${PREFIX}Credentials", "true")
        if (!isPreflight) {
            if (exposed.isNotEmpty()) fields.add("Access-Control-Expose-Headers", exposed)
        } else {
            fields.add("${PREFIX}Methods", methods)
            if (headers.isNotEmpty()) fields.add("${PREFIX}Headers", headers)
            fields.add("Access-Control-Max-Age", given.maxAge.seconds.toString())
        }
        return varying.withHeaders(fields.build())
    }

    /** Collects what is allowed. At first no origin is. An origin that is allowed may use GET, HEAD and POST. Thread: one at a time. */
    public class Builder internal constructor() {
        internal val origins = ArrayList<String>()
            @JvmSynthetic get
        internal var isAny = false
            @JvmSynthetic get

            @JvmSynthetic set
        internal var hasCredentials = false
            @JvmSynthetic get

            @JvmSynthetic set
        internal var methods = listOf("GET", "HEAD", "POST")
            @JvmSynthetic get

            @JvmSynthetic set
        internal var headers = emptyList<String>()
            @JvmSynthetic get

            @JvmSynthetic set
        internal var exposed = emptyList<String>()
            @JvmSynthetic get

            @JvmSynthetic set
        internal var maxAge: Duration = Duration.ofSeconds(5)
            @JvmSynthetic get

            @JvmSynthetic set

        /**
         * Pages of these origins may read answers: scheme, host and port as browsers write them, such as `https://app.example` and
         * `http://localhost:8080`. @throws IllegalArgumentException when one is no such origin; `null` is none, as any page can have it
         */
        public fun origins(vararg origins: String): Builder = apply {
            for (origin in origins) {
                requireOrigin(origin)
                this.origins.add(origin)
            }
        }

        /** Pages of all origins may read answers, without credentials. It is for public data. */
        public fun anyOrigin(): Builder = apply { isAny = true }

        /** Requests may have cookies and other credentials. */
        public fun credentials(): Builder = apply { hasCredentials = true }

        /** The methods that pages may use, in place of GET, HEAD and POST. */
        public fun methods(vararg methods: String): Builder = apply { this.methods = tokens(methods) }

        /** The fields that pages may set, besides those that they may anyway. */
        public fun headers(vararg names: String): Builder = apply { headers = tokens(names) }

        /** The fields of answers that pages may see, besides those that they may anyway. */
        public fun exposedHeaders(vararg names: String): Builder = apply { exposed = tokens(names) }

        /** How long a browser may keep the answer to a preflight; 5 s unless set. Parts of a second are left out. */
        public fun maxAge(age: Duration): Builder = apply {
            require(!age.isNegative) { "an age is not negative, but is $age" }
            maxAge = age
        }

        /**
         * The filter.
         *
         * @throws IllegalStateException when nobody is allowed, or all are with credentials: any page could then act for its reader
         */
        public fun build(): RequestFilter {
            check(isAny || origins.isNotEmpty()) { "no origin is allowed" }
            check(!isAny || (!hasCredentials && origins.isEmpty())) {
                "all origins are allowed: then there are no credentials, and no origins by name"
            }
            return SuspendFilter(Cors(this)::answer)
        }

        private fun tokens(names: Array<out String>) = names.onEach { require(isToken(it)) { "\"$it\" is no name" } }.toList()
    }

    public companion object {
        private const val PREFIX = "Access-Control-Allow-" // a handler's own fields of this kind do not stand beside ours

        /** A builder that allows nothing yet. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** @throws IllegalArgumentException when [text] is no origin as browsers write it */
internal fun requireOrigin(text: String) {
    val scheme = text.substringBefore("://", "")
    val authority = text.substringAfter("://", "")
    val usual = if (scheme == "https") ":443" else ":80"
    val isOrigin = scheme.isNotEmpty() && scheme.all { it in 'a'..'z' || it in '0'..'9' || it in "+-." } && authority.isNotEmpty() &&
        isAuthority(authority) && !authority.endsWith(":") && !authority.endsWith(usual) && text == text.lowercase()
    require(isOrigin) { "\"$text\" is no origin: it is a scheme, a host in lower case, and a port that is not the usual one" }
}
