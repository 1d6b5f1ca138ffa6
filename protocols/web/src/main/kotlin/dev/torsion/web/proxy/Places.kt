// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.web.Headers
import dev.torsion.web.Request
import dev.torsion.web.client.Origin
import java.net.URI

/**
 * The places that a server names in its answer to [request], as the client of the proxy can ask for them. The server is at the path [base]
 * of [target], and gets the client's `Host` when [passesHost].
 */
internal class Places(private val target: URI, private val base: String, private val request: Request, passesHost: Boolean) {
    private val mount by lazy(LazyThreadSafetyMode.NONE) {
        // most answers name no place
        request.rawPath.removePrefix("/").split('/').take(request.mountSegments.size).joinToString("") { "/$it" }
    }

    /** The ways in which the server may name itself. A place of https is another server's, when the server is asked by http. */
    private val own by lazy(LazyThreadSafetyMode.NONE) {
        listOf(Origin.of(target), request.authority?.takeIf { passesHost }?.let { origin(target.scheme, it) })
    }

    fun moved(fields: Headers, hasLocations: Boolean, hasCookies: Boolean): Headers {
        val isOurs = { name: String -> (hasLocations && isLocation(name)) || (hasCookies && isCookie(name)) }
        if ((0 until fields.size).none { isOurs(fields.name(it)) }) return fields
        val moved = Headers.builder()
        fields.forEach { name, value ->
            when {
                !isOurs(name) -> moved.add(name, value)
                isLocation(name) -> moved.add(name, location(value))
                else -> moved.add(name, cookie(value))
            }
        }
        return moved.build()
    }

    private fun isLocation(name: String) = name.equals("Location", ignoreCase = true) || name.equals("Content-Location", ignoreCase = true)

    private fun isCookie(name: String) = name.equals("Set-Cookie", ignoreCase = true)

    /**
     * A reference of the server's to itself, as a path of the proxy; any other as it is. One that begins with no slash holds in both
     * places. The result is never a reference to another host: a browser takes `//a` and `/\a` for one.
     */
    private fun location(value: String): String {
        val moved = moved(value) ?: return value
        return if (moved.length > 1 && moved[1] in "/\\") "/.$moved" else moved
    }

    private fun moved(value: String): String? {
        if (value.any { it < ' ' }) return null // a browser leaves tabs out
        if (value.startsWith("/") && value.getOrNull(1)?.let { it in "/\\" } != true) return movedPath(value)
        val (scheme, authority, rest) = ABSOLUTE.matchEntire(value)?.destructured ?: return null
        val named = origin(scheme.ifEmpty { target.scheme }, authority) ?: return null
        if (named !in own) return null
        return path(if (rest.startsWith("/")) rest else "/$rest")
    }

    /** A program that was told where its proxy is mounted says so in its paths: they stay. */
    private fun movedPath(path: String) = if (mount.length > base.length && isBelow(path, mount)) null else path(path)

    /** Null for a path that is not below the base, and for one with dots, which may lead out of it. */
    private fun path(path: String): String? {
        if (!isBelow(path, base) || bare(path).split('/').any(::isDots)) return null
        val rest = path.substring(base.length)
        return if (rest.startsWith("/")) mount + rest else mount.ifEmpty { "/" } + rest
    }

    private fun isBelow(path: String, place: String) = "${bare(path)}/".startsWith("$place/")

    private fun bare(path: String) = path.takeWhile { it != '?' && it != '#' }

    private fun isDots(name: String) = name.replace("%2e", ".", ignoreCase = true).let { it == "." || it == ".." }

    private fun origin(scheme: String, authority: String): Origin? = try {
        Origin.of(URI("$scheme://$authority"))
    } catch (_: Exception) { // it is none: it has a user, for example
        null
    }

    private fun cookie(value: String): String {
        val parts = value.split(';')
        val isOfHost = parts.first().trim().startsWith("__Host-", ignoreCase = true) // its path is the root, or there is no cookie
        return parts.first() + parts.drop(1).mapNotNull { attribute(it, isOfHost) }.joinToString("") { ";$it" }
    }

    /** Null for one that is left out: without a domain, a cookie is for the host of the proxy. */
    private fun attribute(text: String, isOfHost: Boolean): String? {
        val name = text.substringBefore('=').trim()
        val value = text.substringAfter('=', "").trim()
        return when {
            name.equals("Domain", ignoreCase = true) -> text.takeUnless { isOwnDomain(value.removePrefix(".").lowercase()) }
            name.equals("Path", ignoreCase = true) && !isOfHost && value.startsWith("/") -> movedPath(value)?.let { " Path=${place(it)}" }
                ?: text
            else -> text
        }
    }

    private fun isOwnDomain(domain: String) = own.any { it != null && (it.host == domain || it.host.endsWith(".$domain")) }

    /** A cookie for `/a/` is not one for `/a`. */
    private fun place(path: String) = if (path == "$mount/" && mount.isNotEmpty()) mount else path

    private companion object {
        val ABSOLUTE = Regex("""(?:(https?):)?//([^/?#\\]*)((?:[/?#].*)?)""", setOf(RegexOption.IGNORE_CASE, RegexOption.DOT_MATCHES_ALL))
    }
}
