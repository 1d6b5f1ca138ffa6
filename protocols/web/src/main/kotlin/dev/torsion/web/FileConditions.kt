// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Instant

/** The conditions of a GET or HEAD on a file, in the order of RFC 9110 13.2.2. */
internal object FileConditions {
    /** 412 or 304, or null when the file is to be sent. */
    fun statusOf(request: Request, file: FoundFile): Int? {
        val fields = request.headers
        val isUnmodified = { name: String -> fields[name]?.let(HttpDate::parse)?.let { seconds(file) <= it } }
        return when {
            "If-Match" in fields -> if (names(fields, "If-Match", file, isWeakEnough = false)) null else 412
            isUnmodified("If-Unmodified-Since") == false -> 412
            else -> null
        } ?: when {
            "If-None-Match" in fields -> if (names(fields, "If-None-Match", file, isWeakEnough = true)) 304 else null
            isUnmodified("If-Modified-Since") == true -> 304
            else -> null
        }
    }

    /** Whether the answer is to be all of a file, whatever its state is. */
    fun areNone(request: Request): Boolean = request.method == "GET" && NAMES.none { it in request.headers }

    /** The parts that [request] asks for, see [ByteRange.allOf]; null for all of [file]. */
    fun rangesOf(request: Request, file: FoundFile): List<ByteRange>? {
        if (request.method != "GET") return null
        val value = request.headers.all("Range").singleOrNull() ?: return null
        val condition = request.headers["If-Range"]
        if (condition != null && condition != file.tag && HttpDate.parse(condition) != seconds(file)) return null
        return ByteRange.allOf(value, file.size)
    }

    private fun names(fields: Headers, name: String, file: FoundFile, isWeakEnough: Boolean) = fields.all(name).any { value ->
        value == "*" || value.split(',').any { tag ->
            val trimmed = tag.trim(' ', '\t')
            (if (isWeakEnough) trimmed.removePrefix("W/") else trimmed) == file.tag
        }
    }

    private val NAMES = listOf("Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since")

    // Times in fields have no part of a second.
    private fun seconds(file: FoundFile) = Instant.ofEpochSecond(file.modified.epochSecond)
}
