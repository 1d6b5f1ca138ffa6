// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.nio.charset.Charset

/** The charset that `Content-Type` of [response] names, or UTF-8; null when it is not known here. */
internal fun charset(response: ClientResponse): Charset? {
    val type = response.headers["Content-Type"] ?: return Charsets.UTF_8
    val name = NAME.find(type)?.let { it.groupValues[1] + it.groupValues[2] } ?: return Charsets.UTF_8
    return try {
        Charset.forName(name)
    } catch (_: IllegalArgumentException) {
        null
    }
}

private val NAME = Regex(""";[ \t]*charset=(?:"([^"\\]*)"|([^ \t;"]+))""", RegexOption.IGNORE_CASE)
