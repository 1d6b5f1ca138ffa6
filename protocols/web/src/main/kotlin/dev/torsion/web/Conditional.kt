// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Instant

/**
 * Answers requests that have conditions (RFC 9110 13): a client that has the page already gets 304 in place of it, and one that would write
 * over what somebody else has written gets 412. Twisted's `setETag` and `setLastModified`. [StaticFiles] does this by itself.
 *
 * ```java
 * Response known = Conditional.answer(request, "\"" + page.version() + "\"", page.modified());
 * return completedFuture(known != null ? known : render(page).withHeader("ETag", "\"" + page.version() + "\""));
 * ```
 *
 * Thread: any.
 */
public object Conditional {
    /**
     * The answer to [request] when its conditions do not hold: of 304 for GET and HEAD of what the client has, and of 412 otherwise. Null
     * when they hold, or there are none: the handler then does its work. Ask before that, also for PUT, PATCH and DELETE.
     *
     * The answer has the fields `ETag` and `Last-Modified`. Where the page itself has `Cache-Control`, `Expires`, `Vary` or
     * `Content-Location`, give them to a 304 too (RFC 9110 15.4.5): a cache takes them in place of those that it has. [filter] does so by
     * itself.
     *
     * @param tag the `ETag` of what is there now, with its quotes; null when it has none
     * @param modified when it was changed last, to the second; null when nobody knows. When both are null there is nothing yet: so
     *   `If-Match: *` does not hold, and `If-None-Match: *` does
     * @throws IllegalArgumentException when [tag] is none
     */
    @JvmStatic
    public fun answer(request: Request, tag: String?, modified: Instant?): Response? {
        require(tag == null || EntityTags.isTag(tag)) { "a tag stands in quotes, behind W/ or nothing" }
        val status = status(request, tag, modified) ?: return null
        val fields = Headers.builder()
        if (tag != null) fields.add("ETag", tag)
        if (modified != null) fields.add("Last-Modified", HttpDate.format(modified))
        return (if (status == 304) Response.of(304) else Response.error(status)).let { answer ->
            fields.add(answer.headers)
            answer.withHeaders(fields.build())
        }
    }

    /**
     * A filter that does this for GET and HEAD, by the fields `ETag` and `Last-Modified` of an answer of 200. It saves the way of the body,
     * and not the work of the handler.
     */
    @JvmStatic
    public fun filter(): RequestFilter = requestFilter { request, next ->
        val answer = next(request)
        val isRead = request.method == "GET" || request.method == "HEAD"
        if (answer.status != 200 || !isRead) return@requestFilter answer
        val tag = answer.headers["ETag"]?.takeIf(EntityTags::isTag)
        val modified = answer.headers["Last-Modified"]?.let(HttpDate::parse)
        if (tag == null && modified == null) return@requestFilter answer
        when (status(request, tag, modified)) {
            304 -> answer.withoutContent(304)
            412 -> Response.error(412)
            else -> answer
        }
    }

    /** 412 or 304, or null when the conditions hold; in the order of RFC 9110 13.2.2. */
    @JvmSynthetic
    internal fun status(request: Request, tag: String?, modified: Instant?): Int? {
        val fields = request.headers
        val isRead = request.method == "GET" || request.method == "HEAD"
        val isThere = tag != null || modified != null
        val second = modified?.epochSecond
        // A field that is no time, or for something without one, is no condition.
        val isUnmodified = { name: String -> fields[name]?.let(HttpDate::parse)?.let { since -> second?.let { it <= since.epochSecond } } }
        return when {
            "If-Match" in fields -> if (EntityTags.names(fields, "If-Match", tag, isThere, isWeakEnough = false)) null else 412
            isUnmodified("If-Unmodified-Since") == false -> 412
            else -> null
        } ?: when {
            "If-None-Match" in fields ->
                if (EntityTags.names(fields, "If-None-Match", tag, isThere, isWeakEnough = true)) (if (isRead) 304 else 412) else null
            isRead && isUnmodified("If-Modified-Since") == true -> 304
            else -> null
        }
    }
}

/** The tags of conditions (RFC 9110 8.8.3). */
internal object EntityTags {
    fun isTag(text: String): Boolean = text.removePrefix(WEAK).let { it.length > 1 && endOf(it, 0) == it.length }

    /** Whether a field of [name] names [tag]. A star names all that [isThere]. A part that is no tag is left out, with all behind it. */
    fun names(fields: Headers, name: String, tag: String?, isThere: Boolean, isWeakEnough: Boolean): Boolean =
        fields.all(name).any { value ->
            if (value == "*") isThere else tag != null && all(value).any { isSame(it, tag, isWeakEnough) }
        }

    private fun isSame(one: String, other: String, isWeakEnough: Boolean) =
        if (isWeakEnough) one.removePrefix(WEAK) == other.removePrefix(WEAK) else one == other && !one.startsWith(WEAK)

    /** A tag may have a comma in it. */
    private fun all(value: String): List<String> {
        val tags = ArrayList<String>()
        var at = 0
        while (true) {
            while (at < value.length && value[at] in " \t,") at++
            val begin = at
            if (value.startsWith(WEAK, at)) at += WEAK.length
            val end = endOf(value, at)
            if (end < 0) return tags
            tags.add(value.substring(begin, end))
            at = end
        }
    }

    /** Behind the tag in quotes that begins at [at]; -1 when there is none. */
    private fun endOf(text: String, at: Int): Int {
        if (at >= text.length || text[at] != '"') return -1
        var end = at + 1
        while (end < text.length && text[end] != '"') if (text[end++].code.let { it <= 0x20 || it == 0x7f || it > 0xff }) return -1
        return if (end < text.length) end + 1 else -1
    }

    private const val WEAK = "W/"
}
