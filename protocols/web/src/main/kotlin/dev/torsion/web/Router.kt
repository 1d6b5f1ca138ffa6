// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.util.concurrent.CompletionStage

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
 * A pattern has parts between slashes: names, which are compared as they are decoded, and parameters in braces, each of which takes one
 * part that is not empty. A parameter may have a type: `{id:int}`, `{id:long}` or `{id:uuid}` fits only parts that are such a value. The
 * last one may be `{rest...}`, which takes all that is left, with its slashes. It takes no path with a part that is `.` or `..`, or has a
 * slash (`%2F`), a backslash or a control character in it: once the parts are one string, nobody could tell such a part from several parts.
 *
 * A path that fits no pattern is answered with 404. A path that fits, but not with its method, is answered with 405 and `Allow`. The
 * handler of GET answers HEAD, and the router itself answers OPTIONS, unless they have routes of their own. When several patterns fit, the
 * first one that was given wins.
 *
 * Other routers, trees of resources and handlers are mounted below a path: [Builder.mount].
 */
public class Router private constructor(private val routes: List<Route>, filters: List<RequestFilter>) : RequestHandler {
    /**
     * Whether routes behind the place where this is mounted are tried, when this one has none. A filter, such as a guard, holds for all
     * that is below.
     */
    private val passesOn = filters.isEmpty()

    @get:JvmSynthetic
    internal val handler: suspend (Request) -> Response = filters.around(::route)

    override fun handle(request: Request): CompletionStage<Response> = request.life.future { handler(request) }

    private suspend fun route(request: Request): Response {
        if (request.target == "*") return allowing(204, LinkedHashSet<String>().also(::addMethods))
        val segments = request.pathSegments.ifEmpty { ROOT } // of a router that is mounted
        var ofGet: Route? = null
        var methods: LinkedHashSet<String>? = null
        var passed: Route? = null // the first router that has no route
        var only: Route? = null // the one that all methods are of
        var isFound = false // by a router that has no such method
        for (route in routes) {
            if (!route.pattern.fits(segments)) continue
            if (route.method == request.method) return route.answer(request, segments)
            if (route.method != null) {
                if (ofGet == null && request.method == "HEAD" && route.method == "GET") ofGet = route
                (methods ?: LinkedHashSet<String>().also { methods = it }).add(route)
                only = null
                continue
            }
            val theirs = LinkedHashSet<String>()
            if (route.takes(request.method, segments, theirs, isFound)) return (ofGet ?: route).answer(request, segments)
            if (route.isFinal) break // the path is found before it; and nobody behind it gives away what it guards
            if (passed == null) passed = route
            if (theirs.isEmpty()) continue
            isFound = true
            only = if (methods == null) route else null
            (methods ?: LinkedHashSet<String>().also { methods = it }).addAll(theirs)
        }
        if (ofGet != null) return ofGet.answer(request, segments)
        val last = if (methods == null) passed else only
        if (last != null) return last.answer(request, segments) // it says so itself, inside of its path
        return methods?.let { allowing(if (request.method == "OPTIONS") 204 else 405, it) } ?: Response.error(404)
    }

    /** Whether there is a handler for [method] below the place of this router. Otherwise the methods that there are go to [allowed]. */
    private fun has(method: String, below: List<String>, allowed: LinkedHashSet<String>): Boolean {
        val segments = below.ifEmpty { ROOT }
        var isOfGet = false
        for (route in routes) {
            if (!route.pattern.fits(segments)) continue
            if (route.method == null) {
                if (route.takes(method, segments, allowed, isFound = false)) return true
            } else {
                if (route.method == method) return true
                if (method == "HEAD" && route.method == "GET") isOfGet = true
                allowed.add(route)
            }
        }
        return isOfGet
    }

    private fun addMethods(to: LinkedHashSet<String>) {
        for (route in routes) route.router?.addMethods(to) ?: to.add(route)
    }

    private fun LinkedHashSet<String>.add(route: Route) {
        add(route.method ?: return)
        if (route.method == "GET") add("HEAD")
    }

    private fun allowing(status: Int, methods: LinkedHashSet<String>): Response {
        methods.add("OPTIONS")
        val answer = if (status == 204) Response.of(status) else Response.error(status)
        return answer.withHeader("Allow", methods.joinToString(", "))
    }

    override fun toString(): String = "Router(${routes.joinToString { "${it.method ?: "mount"} ${it.pattern.text}" }})"

    /** Something for the paths that fit [pattern]; for all methods, and what is below, where [method] is null. */
    private class Route(
        val method: String?,
        val pattern: RoutePattern,
        private val handler: suspend (Request) -> Response,
        val router: Router? = null,
    ) {
        /** Whether no route behind it is tried. */
        val isFinal: Boolean get() = router?.passesOn != true

        /**
         * Whether what is mounted answers: a router that has a handler, and all but open routers in any case, unless the path [isFound]
         * elsewhere. Otherwise the methods that it has go to [allowed].
         */
        fun takes(method: String, segments: List<String>, allowed: LinkedHashSet<String>, isFound: Boolean): Boolean {
            if (router == null) return !isFound
            val passesOn = router.passesOn
            return router.has(method, segments.drop(pattern.size), if (passesOn) allowed else LinkedHashSet()) || !(passesOn || isFound)
        }

        suspend fun answer(request: Request, segments: List<String>): Response {
            val found = request.withParameters(pattern.parameters(segments))
            request.routed(pattern.text, isOpen = method == null)
            return handler(if (method == null) found.below(pattern.size, pattern.text) else found)
        }
    }

    /** Collects routes. Not for several threads at once. */
    public class Builder internal constructor() {
        private val routes = ArrayList<Route>()
        private val filters = ArrayList<RequestFilter>()

        /** A route for Kotlin. @throws IllegalArgumentException when [pattern] or [method] is none */
        @JvmSynthetic
        public fun on(method: String, pattern: String, handler: suspend (Request) -> Response): Builder = apply {
            require(isToken(method)) { "\"$method\" is no method" }
            routes.add(Route(method, RoutePattern(pattern, isOpen = false), handler))
        }

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

        /** A route for PATCH. */
        @JvmSynthetic
        public fun patch(pattern: String, handler: suspend (Request) -> Response): Builder = on("PATCH", pattern, handler)

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

        /** A route for PATCH. */
        public fun patch(pattern: String, handler: RequestHandler): Builder = on("PATCH", pattern, handler)

        /**
         * [handler] answers for [path] and all that is below it, whatever the method. It may be a router, a [Resource], [StaticFiles], or
         * any other. Its [Request.pathSegments] are those below [path]; a router finds its routes by them, so that its `/` is both [path]
         * and that with a slash. The path may have parameters, which all handlers see.
         *
         * A router that has no route for a request lets the routes behind it try. When none of them has one either, the answer is that of
         * the router: 404, or 405. The answer of any other [handler] is final, 404 too. So is that of a router with filters: a guard holds
         * for all that is below its path. No route behind one of these is tried. A path that a router before it has, with other methods, is
         * answered with 405.
         *
         * @throws IllegalArgumentException when [path] is no pattern, or takes all that is left
         */
        public fun mount(path: String, handler: RequestHandler): Builder =
            apply { routes.add(Route(null, RoutePattern(path, isOpen = true), handler.suspending(), handler as? Router)) }

        /** [mount] for Kotlin. */
        @JvmSynthetic
        public fun mount(path: String, handler: suspend (Request) -> Response): Builder = mount(path, SuspendHandler(handler))

        /** [filter] is around all routes of this router, and around its 404 and 405; inside of those that were given before. */
        public fun with(filter: RequestFilter): Builder = apply { filters.add(filter) }

        /** [with] for Kotlin. */
        @JvmSynthetic
        public fun with(filter: suspend (request: Request, next: suspend (Request) -> Response) -> Response): Builder =
            with(SuspendFilter(filter))

        /** The router. */
        public fun build(): Router = Router(routes.toList(), filters.toList())
    }

    public companion object {
        private val ROOT = listOf("")

        /** A builder without routes. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        /** A router with the routes of [routes]: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(routes: Builder.() -> Unit): Router = builder().apply(routes).build()
    }
}
