// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.util.concurrent.CompletionStage

/**
 * Finds the handler of a request by the name of the host that it is for; Twisted's `NameVirtualHost`. Immutable.
 *
 * ```java
 * var hosts = VirtualHosts.builder()
 *     .host("www.example", pages)
 *     .host("*.api.example", api)
 *     .build();
 * Site site = Site.of(reactor, hosts);
 * ```
 *
 * Names are compared without their port; upper and lower case are the same. `*.api.example` fits every name below `api.example`, and not
 * that name itself. A whole name goes before a pattern, and a longer pattern before a shorter one. For any other host the handler of
 * [Builder.otherwise] answers, and without one the answer is 421. A site that answers for any name can be attacked by pages of other sites
 * (DNS rebinding). Thread: any.
 */
public class VirtualHosts private constructor(
    private val names: Map<String, suspend (Request) -> Response>,
    private val endings: List<Pair<String, suspend (Request) -> Response>>,
    private val otherwise: suspend (Request) -> Response,
) : RequestHandler {
    override fun handle(request: Request): CompletionStage<Response> = request.life.future { answer(request) }

    @JvmSynthetic
    internal suspend fun answer(request: Request): Response = handlerOf(request)(request)

    private fun handlerOf(request: Request): suspend (Request) -> Response {
        val host = hostOf(request.authority ?: return otherwise).removeSuffix(".")
        return names[host] ?: endings.firstOrNull { host.endsWith(it.first) && host.length > it.first.length }?.second ?: otherwise
    }

    override fun toString(): String = "VirtualHosts(${names.keys}, ${endings.map { "*${it.first}" }})"

    /** Collects hosts. Not for several threads at once. */
    public class Builder internal constructor() {
        private val names = LinkedHashMap<String, suspend (Request) -> Response>()
        private val endings = ArrayList<Pair<String, suspend (Request) -> Response>>()
        private var otherwise: suspend (Request) -> Response = { Response.error(421) }

        /**
         * [handler] for the host called [name], or those that fit `*.name`.
         *
         * @throws IllegalArgumentException when it is no name, or is there already
         */
        public fun host(name: String, handler: RequestHandler): Builder = host(name, handler.suspending())

        /** [host] for Kotlin. */
        @JvmSynthetic
        public fun host(name: String, handler: suspend (Request) -> Response): Builder = apply {
            val own = name.lowercase()
            val bare = own.removePrefix("*.")
            require(bare.isNotEmpty() && isAuthority(bare) && hostOf(bare) == bare && !bare.endsWith('.')) {
                "\"$name\" is no name of a host"
            }
            val isPattern = own != bare
            require(if (isPattern) endings.none { it.first == ".$bare" } else own !in names) { "$name has a handler already" }
            if (isPattern) endings.add(".$bare" to handler) else names[own] = handler
        }

        /** [handler] for all other hosts, and for requests that say none; Twisted's `default`. */
        public fun otherwise(handler: RequestHandler): Builder = otherwise(handler.suspending())

        /** [otherwise] for Kotlin. */
        @JvmSynthetic
        public fun otherwise(handler: suspend (Request) -> Response): Builder = apply { otherwise = handler }

        /** The handler of all of them. */
        public fun build(): VirtualHosts = VirtualHosts(names.toMap(), endings.sortedByDescending { it.first.length }, otherwise)
    }

    public companion object {
        /** A builder without hosts. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** The host of an authority: without its port. */
internal fun hostOf(authority: String): String =
    if (authority.startsWith('[')) authority.substringBefore(']') + "]" else authority.substringBefore(':')
