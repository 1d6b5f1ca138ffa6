// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * The page that lists a folder. Anybody who may write to the folder chooses the names: so they are escaped, and the page runs and loads
 * nothing.
 */
internal object Listing {
    fun page(request: Request, listing: FoundListing): Response {
        val title = "Files in ${html((request.mountSegments + request.pathSegments).joinToString("/", "/"))}"
        val page = StringBuilder(
            "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>",
        ).append(title).append("</title></head>\n<body><h1>")
            .append(title).append("</h1>\n<table>\n")
        if (request.pathSegments.size > 1) page.append("<tr><td><a href=\"../\">..</a></td></tr>\n")
        for (entry in listing.entries) {
            val end = if (entry.isFolder) "/" else ""
            page.append("<tr><td><a href=\"./").append(href(entry.name)).append(end).append("\">").append(html(entry.name)).append(end)
                .append("</a></td><td>").append(if (entry.isFolder) "" else entry.size).append("</td><td>")
                .append(entry.modified.toString().substringBefore('.').removeSuffix("Z").replace('T', ' ')).append("</td></tr>\n")
        }
        page.append("</table>\n")
        if (!listing.isWhole) page.append("<p>There are more.</p>\n")
        return Response.bytes(page.append("</body></html>\n").toString().toByteArray(), "text/html; charset=utf-8")
            .withHeader("Content-Security-Policy", "default-src 'none'")
            .withHeader("X-Content-Type-Options", "nosniff")
    }

    private fun html(text: String): String = buildString {
        for (c in text) {
            when (c) {
                '&' -> append("&amp;")
                '<' -> append("&lt;")
                '>' -> append("&gt;")
                '"' -> append("&quot;")
                '\'' -> append("&#39;")
                else -> append(c)
            }
        }
    }

    private fun href(name: String): String = buildString {
        for (byte in name.toByteArray()) {
            val c = byte.toInt().toChar()
            if (c in 'a'..'z' || c in 'A'..'Z' || c in '0'..'9' || c in "-._~") append(c) else append("%%%02X".format(byte))
        }
    }
}
