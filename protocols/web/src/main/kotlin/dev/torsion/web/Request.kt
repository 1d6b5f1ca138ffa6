// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.escaped
import dev.torsion.net.Address
import java.net.URLDecoder

/**
 * A request that a server has got; Twisted's `Request`, without its answer. The head is there; the [body] is still coming.
 *
 * Thread: its properties may be read on any.
 *
 * @property method the method, such as `GET`, as it came
 * @property target the target as it came: a path with its query as a rule, or a whole URL, or `*`
 * @property headers the fields of the head
 * @property isHttp11 false for HTTP/1.0
 * @property body the body; an empty one ends at once
 * @property peer the address at the other end of the connection
 */
public class Request internal constructor(
    @get:JvmName("method") public val method: String,
    @get:JvmName("target") public val target: String,
    @get:JvmName("headers") public val headers: Headers,
    @get:JvmName("isHttp11") public val isHttp11: Boolean,
    @get:JvmName("body") public val body: HttpBody,
    @get:JvmName("peer") public val peer: Address,
    private val parameters: Map<String, String>,
) {
    /** The part of [target] that is the path, as it came; `/` when a whole URL has none. */
    @get:JvmName("rawPath")
    public val rawPath: String = path(target)

    /**
     * The names between the slashes of [rawPath], each decoded by itself; Twisted's `postpath`. An escaped slash is a character of its name.
     * Nothing is left out: `.` and `..` are names like others, and the last one is empty when the path ends with a slash.
     */
    @get:JvmName("pathSegments")
    public val pathSegments: List<String> by lazy(LazyThreadSafetyMode.PUBLICATION) {
        if (rawPath == "*") emptyList() else rawPath.removePrefix("/").split('/').map(::decoded)
    }

    /** The part of [target] behind the first `?`, as it came; null when there is none. */
    @get:JvmName("rawQuery")
    public val rawQuery: String? = target.substringAfter('?', "").takeIf { '?' in target }

    /** The first value of [name] in the query, decoded; null when there is none. Twisted's `args`. */
    public fun query(name: String): String? = queryAll(name).firstOrNull()

    /** All values of [name] in the query, decoded. */
    public fun queryAll(name: String): List<String> = rawQuery.orEmpty().split('&').filter { it.isNotEmpty() }
        .filter { form(it.substringBefore('=')) == name }.map { form(it.substringAfter('=', "")) }

    /** The part of the path that the pattern of the route calls [name]. @throws IllegalArgumentException when it has no such part */
    public fun parameter(name: String): String =
        requireNotNull(parameters[name]) { "the route of this request has no parameter $name, but ${parameters.keys}" }

    @JvmSynthetic
    internal fun withParameters(parameters: Map<String, String>): Request =
        Request(method, target, headers, isHttp11, body, peer, parameters)

    /** Without the query, which may have secrets. */
    override fun toString(): String = "Request($method ${escaped(target.substringBefore('?'), SHOWN)} from $peer)"

    private companion object {
        const val SHOWN = 200

        fun path(target: String): String {
            val whole = target.substringBefore('?')
            if (whole.startsWith('/') || whole == "*") return whole
            val rest = whole.substringAfter("://", "")
            return if ('/' in rest) rest.substring(rest.indexOf('/')) else "/"
        }

        fun decoded(segment: String): String = if ('%' in segment) form(segment.replace("+", "%2B")) else segment

        /** The fields of a form; as it is where its escapes are wrong. */
        fun form(text: String): String = if (isEscaped(text)) URLDecoder.decode(text, Charsets.UTF_8) else text
    }
}
