// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

/** Where a connection leads. Requests of the same route can share one. */
internal sealed interface Route {
    /** To the server itself. */
    data class Direct(val origin: Origin) : Route {
        override fun toString() = "$origin"
    }

    /** To a proxy, which is asked for what servers of `http` have: whichever they are. */
    data class Proxied(val host: String, val port: Int) : Route {
        override fun toString() = "the proxy $host:$port"
    }

    /** To a server of `https`, through a tunnel of the proxy. */
    data class Tunnelled(val origin: Origin) : Route {
        override fun toString() = "$origin, through a proxy"
    }

    companion object {
        fun of(origin: Origin, proxy: HttpProxy?): Route = when {
            proxy == null || !proxy.isFor(origin.host) -> Direct(origin)
            origin.isSecure -> Tunnelled(origin)
            else -> Proxied(proxy.host, proxy.port)
        }
    }
}
