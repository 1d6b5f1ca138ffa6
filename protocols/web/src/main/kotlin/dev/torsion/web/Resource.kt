// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.future.await
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * A node of a tree whose names are the parts of a path; Twisted's `Resource`. `/users/7` is the child `7` of the child `users` of the root,
 * and `/` is the child with the empty name.
 *
 * ```java
 * class Users extends Resource {
 *   @Override
 *   public Resource getChild(String name, Request request) {
 *     return Resource.of(r -> completedFuture(Response.text("user " + name)));
 *   }
 *
 *   @Override
 *   public CompletionStage<Response> render(Request request) {
 *     return completedFuture(Response.text("users"));
 *   }
 * }
 *
 * Site site = Site.of(reactor, Resource.tree().putChild("users", new Users()));
 * ```
 *
 * A [Router] is shorter for paths that the program knows beforehand. A router chooses by the method too, and a resource gets requests of
 * every method.
 *
 * Thread: the reactor's.
 */
public abstract class Resource : RequestHandler {
    private val children = HashMap<String, Resource>()

    /** Whether this one answers for all paths below it, and has no children; Twisted's `isLeaf`. */
    public open val isLeaf: Boolean get() = false

    /** From now on [child] has [name], in place of one that may have it. Gives this resource. Twisted's `putChild`. */
    public fun putChild(name: String, child: Resource): Resource = apply { children[name] = child }

    /** The child of [name] that nobody has put here, or null, which is answered with 404; Twisted's `getChild`. */
    public open fun getChild(name: String, request: Request): Resource? = null

    /**
     * The answer to [request], perhaps later; Twisted's `render`. Where Twisted's gives `NOT_DONE_YET` and writes later, this gives a
     * stage that is done later. Unless overridden it asks the method for that of the request, such as [renderGet]. HEAD is asked of
     * [renderGet]. A method that is not overridden is answered with 405 and `Allow`, and OPTIONS with 204 and `Allow`; 404 when there is
     * none at all.
     */
    public open fun render(request: Request): CompletionStage<Response> = when (request.method) {
        "GET", "HEAD" -> renderGet(request)
        "POST" -> renderPost(request)
        "PUT" -> renderPut(request)
        "DELETE" -> renderDelete(request)
        "PATCH" -> renderPatch(request)
        else -> notAllowed(request)
    }

    /** The answer to a GET or HEAD; Twisted's `render_GET`. */
    public open fun renderGet(request: Request): CompletionStage<Response> = notAllowed(request)

    /** The answer to a POST; Twisted's `render_POST`. */
    public open fun renderPost(request: Request): CompletionStage<Response> = notAllowed(request)

    /** The answer to a PUT. */
    public open fun renderPut(request: Request): CompletionStage<Response> = notAllowed(request)

    /** The answer to a DELETE. */
    public open fun renderDelete(request: Request): CompletionStage<Response> = notAllowed(request)

    /** The answer to a PATCH. */
    public open fun renderPatch(request: Request): CompletionStage<Response> = notAllowed(request)

    private fun notAllowed(request: Request): CompletionStage<Response> {
        val methods = METHODS.get(javaClass)
        val answer = when {
            methods.isEmpty() -> Response.error(404)
            request.method == "OPTIONS" -> Response.of(204).withHeader("Allow", methods)
            else -> Response.error(405).withHeader("Allow", methods)
        }
        return CompletableFuture.completedFuture(answer)
    }

    @JvmSynthetic
    internal open suspend fun answer(request: Request): Response =
        requireAnswer(requireAnswer(render(request), "resource").await(), "resource")

    /** The answer of the resource that the path of [request] leads to from here. */
    final override fun handle(request: Request): CompletionStage<Response> = request.life.future { find(request) }

    /** The answer of the resource that the path of [request] leads to from here. */
    @JvmSynthetic
    internal suspend fun find(request: Request): Response {
        var resource = this
        for (name in request.pathSegments) {
            if (resource.isLeaf) break
            resource = resource.children[name] ?: resource.getChild(name, request) ?: return Response.error(404)
        }
        return resource.answer(request)
    }

    private class Handled(override val isLeaf: Boolean, private val handler: suspend (Request) -> Response) : Resource() {
        override suspend fun answer(request: Request): Response = handler(request)

        override fun render(request: Request): CompletionStage<Response> = request.life.future { handler(request) }
    }

    public companion object {
        /** The methods that a class has overridden, as `Allow` has them. */
        private val METHODS = object : ClassValue<String>() {
            override fun computeValue(type: Class<*>): String {
                val own = RENDERERS.filter { (name, _) -> type.getMethod(name, Request::class.java).declaringClass != Resource::class.java }
                return if (own.isEmpty()) "" else (own.values + "OPTIONS").joinToString(", ")
            }
        }
        private val RENDERERS = linkedMapOf(
            "renderGet" to "GET, HEAD",
            "renderPost" to "POST",
            "renderPut" to "PUT",
            "renderDelete" to "DELETE",
            "renderPatch" to "PATCH",
        )

        /** A resource without an answer of its own: for children. */
        @JvmStatic
        public fun tree(): Resource = Handled(isLeaf = false) { Response.error(404) }

        /** A leaf that is an error page of [status], for all paths below it; Twisted's `NoResource` with 404, and `ErrorPage`. */
        @JvmStatic
        public fun error(status: Int): Resource = Handled(isLeaf = true) { Response.error(status) }

        /** A leaf that is answered by [handler]. */
        @JvmStatic
        public fun of(handler: RequestHandler): Resource = Handled(isLeaf = true, handler.suspending())

        /** A leaf with a suspend function: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(handler: suspend (Request) -> Response): Resource = Handled(isLeaf = true, handler)
    }
}
