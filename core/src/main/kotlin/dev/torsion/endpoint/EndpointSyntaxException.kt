// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.log.escaped

/** An endpoint string is not understood. The message names the mistake, its place, and the right form. */
public class EndpointSyntaxException
@JvmOverloads
constructor(
    /** The string as it was given. */
    public val description: String,
    @get:JvmSynthetic
    internal val problem: String,
    /** Which character of [description] the problem begins at, from 0 on; -1 when it is not at one place. */
    public val position: Int = -1,
    cause: Throwable? = null,
) : IllegalArgumentException("Bad endpoint \"${shown(description)}\"${place(description, position)}: ${shown(problem)}", cause)

/** [text] as it can be shown. A backslash stays as it is: there are many in endpoint strings. */
private fun shown(text: String) = escaped(text.replace(PASSWORD, "$1...")).replace("\\\\", "\\")

/** Messages go to logs. */
private val PASSWORD = Regex("""(?i)(password=)(?:\\.|[^:])+""")

/** The place is said by what stands there, up to the end of its argument: nobody counts characters. */
private fun place(description: String, position: Int): String {
    if (position < 0) return ""
    var end = position
    while (end < description.length && description[end] != ':') end += if (description[end] == '\\') 2 else 1
    val culprit = description.substring(position, minOf(end, description.length))
    return if (culprit.isEmpty()) ", at character ${position + 1}" else ", at \"${shown(culprit)}\""
}
