// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** The media type of a file by the end of its [name]. A table of our own: that of the system differs from one to the next. */
internal fun mediaTypeOf(name: String): String {
    val type = TYPES[name.substringAfterLast('.', "").lowercase()] ?: return "application/octet-stream"
    return if (type.startsWith("text/")) "$type; charset=utf-8" else type
}

private val TYPES = mapOf(
    "html" to "text/html", "htm" to "text/html", "css" to "text/css", "js" to "text/javascript", "mjs" to "text/javascript",
    "txt" to "text/plain", "md" to "text/markdown", "csv" to "text/csv", "xml" to "application/xml", "json" to "application/json",
    "map" to "application/json", "webmanifest" to "application/manifest+json", "wasm" to "application/wasm", "pdf" to "application/pdf",
    "svg" to "image/svg+xml", "png" to "image/png", "jpg" to "image/jpeg", "jpeg" to "image/jpeg", "gif" to "image/gif",
    "webp" to "image/webp", "avif" to "image/avif", "ico" to "image/vnd.microsoft.icon", "bmp" to "image/bmp",
    "woff" to "font/woff", "woff2" to "font/woff2", "ttf" to "font/ttf", "otf" to "font/otf",
    "mp3" to "audio/mpeg", "ogg" to "audio/ogg", "wav" to "audio/wav", "mp4" to "video/mp4", "webm" to "video/webm",
    "zip" to "application/zip", "gz" to "application/gzip", "tar" to "application/x-tar",
)
