// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.future.await
import java.util.Objects
import java.util.concurrent.CompletionStage

/**
 * A node of a tree whose names are the parts of a path; Twisted's `Resource`. `/users/7` is the child `7` of the child `users` of the root, and
 * `/` is the child with the empty name.
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
 * A [Router] is shorter where the paths are known before. It answers methods as well: a resource gets every method.
 *
 * Thread: the reactor's.
 */
public abstract class Resource {
    private val children = HashMap<String, Resource>()

    /** Whether this one answers for all paths below it, and has no children; Twisted's `isLeaf`. */
    public open val isLeaf: Boolean get() = false

    /** From now on [child] has [name], in place of one that may have it. Gives this resource. Twisted's `putChild`. */
    public fun putChild(name: String, child: Resource): Resource = apply { children[name] = child }

    /** The child of [name] that nobody has put here, or null, which is answered with 404; Twisted's `getChild`. */
    public open fun getChild(name: String, request: Request): Resource? = null

    /** The answer to [request], perhaps later; Twisted's `render`. */
    public abstract fun render(request: Request): CompletionStage<Response>

    @JvmSynthetic
    internal open suspend fun answer(request: Request): Response =
        Objects.requireNonNull(render(request).await(), "The resource has given no answer.")

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

        override fun render(request: Request): CompletionStage<Response> = error("it is asked for its answer")
    }

    public companion object {
        /** A resource without an answer of its own: for children. */
        @JvmStatic
        public fun tree(): Resource = Handled(isLeaf = false) { Response.error(404) }

        /** A leaf that is answered by [handler]. */
        @JvmStatic
        public fun of(handler: RequestHandler): Resource = Handled(isLeaf = true, handler.suspending())

        /** A leaf with a suspend function: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(handler: suspend (Request) -> Response): Resource = Handled(isLeaf = true, handler)
    }
}
