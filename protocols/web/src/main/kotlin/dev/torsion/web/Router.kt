// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Finds the handler of a request by its path and its method. Immutable.
 *
 * ```kotlin
 * val router = Router {
 *     get("/users/{id}") { request -> Response.text("user ${request.parameter("id")}") }
 *     post("/users") { request -> create(request.body.readText()) }
 * }
 * val site = Site(reactor, router)
 * ```
 * ```java
 * Router router = Router.builder()
 *     .get("/users/{id}", request -> completedFuture(Response.text("user " + request.parameter("id"))))
 *     .build();
 * Site site = Site.of(reactor, router);
 * ```
 *
 * A pattern has parts between slashes: names, which are compared as they are decoded, and parameters in braces, each of which takes one part
 * that is not empty. The last one may be `{rest...}`, which takes all that is left, with its slashes. It takes no path
 * with a part that is `.` or `..`, or has a slash, a backslash or a control character in it (`%2F`): where the parts are put together, nobody
 * could tell that part from several. A path that fits no pattern is answered
 * with 404; one that fits, but not with its method, with 405 and `Allow`. HEAD is answered by the handler of GET, and OPTIONS by itself,
 * unless they have routes of their own. Of several patterns that fit, the first one that was given wins.
 */
public class Router private constructor(private val routes: List<Route>) {
    /** The answer to [request]. Thread: the reactor's. */
    @JvmSynthetic
    public suspend fun handle(request: Request): Response {
        if (request.target == "*") return allowing(204, routes)
        val segments = request.pathSegments
        val fitting = routes.filter { it.fits(segments) }
        if (fitting.isEmpty()) return Response.error(404)
        val route = fitting.firstOrNull { it.method == request.method }
            ?: fitting.firstOrNull { request.method == "HEAD" && it.method == "GET" }
            ?: return allowing(if (request.method == "OPTIONS") 204 else 405, fitting)
        return route.handler(request.withParameters(route.parameters(segments)))
    }

    private fun allowing(status: Int, routes: List<Route>): Response {
        val methods = LinkedHashSet<String>()
        for (route in routes) {
            methods.add(route.method)
            if (route.method == "GET") methods.add("HEAD")
        }
        methods.add("OPTIONS")
        val answer = if (status == 204) Response.of(status) else Response.error(status)
        return answer.withHeader("Allow", methods.joinToString(", "))
    }

    override fun toString(): String = "Router(${routes.joinToString { "${it.method} ${it.pattern}" }})"

    private class Route(val method: String, val pattern: String, val handler: suspend (Request) -> Response) {
        private val parts = pattern.removePrefix("/").split('/')
        private val hasRest = parts.last().endsWith("...}")

        init {
            require(isToken(method)) { "\"$method\" is no method" }
            require(pattern.startsWith('/')) { "a pattern begins with a slash, but \"$pattern\" does not" }
            parts.forEach { require(isName(it) || isParameter(it)) { "\"$it\" in \"$pattern\" is neither a name nor a parameter" } }
            require(parts.dropLast(1).none { it.endsWith("...}") }) { "only the last part of \"$pattern\" can take all that is left" }
            val names = parts.filter(::isParameter).map(::name)
            require(names.toSet().size == names.size) { "\"$pattern\" has two parameters of one name" }
        }

        private fun isName(part: String) = part.none { it == '{' || it == '}' }

        private fun isParameter(part: String) = part.startsWith('{') && part.endsWith('}') && name(part).isNotEmpty() && isName(name(part))

        private fun name(part: String) = part.removeSurrounding("{", "}").removeSuffix("...")

        fun fits(segments: List<String>): Boolean {
            if (if (hasRest) segments.size < parts.size else segments.size != parts.size) return false
            if (hasRest && segments.subList(parts.lastIndex, segments.size).any(::misleads)) return false
            return parts.indices.all { i ->
                if (isParameter(parts[i])) segments[i].isNotEmpty() || (hasRest && i == parts.lastIndex) else segments[i] == parts[i]
            }
        }

        private fun misleads(segment: String) = segment == "." || segment == ".." || segment.any { it == '/' || it == '\\' || it < ' ' }

        fun parameters(segments: List<String>): Map<String, String> {
            val found = LinkedHashMap<String, String>()
            for (i in parts.indices) {
                if (!isParameter(parts[i])) continue
                val isRest = hasRest && i == parts.lastIndex
                found[name(parts[i])] = if (isRest) segments.drop(i).joinToString("/") else segments[i]
            }
            return found
        }
    }

    /** Collects routes. Not for several threads at once. */
    public class Builder internal constructor() {
        private val routes = ArrayList<Route>()

        /** A route for Kotlin. @throws IllegalArgumentException when [pattern] or [method] is none */
        @JvmSynthetic
        public fun on(method: String, pattern: String, handler: suspend (Request) -> Response): Builder =
            apply { routes.add(Route(method, pattern, handler)) }

        /** A route for GET, and HEAD. */
        @JvmSynthetic
        public fun get(pattern: String, handler: suspend (Request) -> Response): Builder = on("GET", pattern, handler)

        /** A route for POST. */
        @JvmSynthetic
        public fun post(pattern: String, handler: suspend (Request) -> Response): Builder = on("POST", pattern, handler)

        /** A route for PUT. */
        @JvmSynthetic
        public fun put(pattern: String, handler: suspend (Request) -> Response): Builder = on("PUT", pattern, handler)

        /** A route for DELETE. */
        @JvmSynthetic
        public fun delete(pattern: String, handler: suspend (Request) -> Response): Builder = on("DELETE", pattern, handler)

        /** A route. @throws IllegalArgumentException when [pattern] or [method] is none */
        public fun on(method: String, pattern: String, handler: RequestHandler): Builder = on(method, pattern, handler.suspending())

        /** A route for GET, and HEAD. */
        public fun get(pattern: String, handler: RequestHandler): Builder = on("GET", pattern, handler)

        /** A route for POST. */
        public fun post(pattern: String, handler: RequestHandler): Builder = on("POST", pattern, handler)

        /** A route for PUT. */
        public fun put(pattern: String, handler: RequestHandler): Builder = on("PUT", pattern, handler)

        /** A route for DELETE. */
        public fun delete(pattern: String, handler: RequestHandler): Builder = on("DELETE", pattern, handler)

        /** The router. */
        public fun build(): Router = Router(routes.toList())
    }

    public companion object {
        /** A builder without routes. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        /** A router with the routes of [routes]: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(routes: Builder.() -> Unit): Router = builder().apply(routes).build()
    }
}
