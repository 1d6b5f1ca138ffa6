// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Instant

/** The conditions of a GET or HEAD on a file, in the order of RFC 9110 13.2.2. */
internal object FileConditions {
    /** 412 or 304, or null when the file is to be sent. */
    fun statusOf(request: Request, file: FoundFile): Int? = Conditional.status(request, file.tag, file.modified)

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

    private val NAMES = listOf("Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since")

    // Times in fields have no part of a second.
    private fun seconds(file: FoundFile) = Instant.ofEpochSecond(file.modified.epochSecond)
}
