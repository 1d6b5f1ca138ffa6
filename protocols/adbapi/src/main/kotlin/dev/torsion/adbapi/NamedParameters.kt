// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

/**
 * A statement with names for parameters, cut at these. Only the text that the program wrote is looked at, never a value.
 *
 * @property pieces the text between the names: one more than there are names
 * @property names of the parameters, in the order of the text
 */
internal class NamedParameters private constructor(val pieces: List<String>, val names: List<String>) {
    /** The statement with `?`s for the names; [counts] says how many for each. */
    fun text(counts: IntArray): String = buildString {
        append(pieces[0])
        counts.forEachIndexed { index, count ->
            repeat(count) { append(if (it == 0) "?" else ", ?") }
            append(pieces[index + 1])
        }
    }

    companion object {
        fun parse(text: String, dialect: Dialect): NamedParameters = Parser(text, dialect).parse()
    }

    private class Parser(private val text: String, private val dialect: Dialect) {
        private val pieces = ArrayList<String>()
        private val names = ArrayList<String>()
        private var at = 0
        private var pieceStart = 0

        fun parse(): NamedParameters {
            while (at < text.length) step()
            pieces.add(text.substring(pieceStart))
            return NamedParameters(pieces, names)
        }

        private fun step() {
            val char = text[at]
            when {
                char == '\'' -> skipQuoted(char, dialect.hasBackslashes || isEscapeString())
                char == '"' -> skipQuoted(char, dialect.hasBackslashes)
                char == '`' -> skipQuoted(char, false)
                char == '-' && next() == '-' && isComment() -> skipLine()
                char == '[' && dialect == Dialect.SQLITE -> skipTo("]", at + 1) // a name as in SQL Server
                char == '#' && dialect == Dialect.MARIADB -> skipLine()
                char == '/' && next() == '*' -> skipComment()
                char == '$' && dialect.quotesDollar -> skipDollarQuoted()
                char == '?' && next() == '?' -> at += 2 // an operator of PostgreSQL, as its driver wants it written
                char == '?' -> throw MappingException("a statement with names has no \"?\": $text")
                char == ':' && (next() == ':' || next() == '=') -> at += 2
                char == ':' && startsName(at + 1) -> takeName()
                char.isLetterOrDigit() || char == '_' -> skipWord() // so that the $ and ' in it begin nothing
                else -> at++
            }
        }

        private fun next(): Char = text.getOrElse(at + 1) { ' ' }

        private fun startsName(index: Int) = index < text.length && (text[index].isLetter() || text[index] == '_')

        private fun isNamePart(char: Char) = char.isLetterOrDigit() || char == '_'

        private fun takeName() {
            pieces.add(text.substring(pieceStart, at))
            val start = ++at
            while (at < text.length && isNamePart(text[at])) at++
            names.add(text.substring(start, at))
            pieceStart = at
        }

        private fun skipWord() {
            while (at < text.length && (isNamePart(text[at]) || text[at] == '$')) at++
        }

        /** PostgreSQL's E'...'. */
        private fun isEscapeString() =
            dialect == Dialect.POSTGRESQL && at > 0 && text[at - 1] in "eE" && (at < 2 || !isNamePart(text[at - 2]))

        private fun skipQuoted(quote: Char, hasBackslashes: Boolean) {
            at++
            while (at < text.length) {
                when {
                    hasBackslashes && text[at] == '\\' -> at += 2
                    text[at] != quote -> at++
                    text.getOrNull(at + 1) == quote -> at += 2
                    else -> {
                        at++
                        return
                    }
                }
            }
            at = text.length
        }

        /** MariaDB wants a space behind the two. Without, they are twice a minus. */
        private fun isComment() = dialect != Dialect.MARIADB || text.getOrElse(at + 2) { ' ' } <= ' '

        private fun skipLine() {
            val ends = if (dialect == Dialect.POSTGRESQL) charArrayOf('\n', '\r') else charArrayOf('\n')
            at = text.indexOfAny(ends, at).let { if (it < 0) text.length else it + 1 }
        }

        private fun skipTo(end: String, from: Int) {
            at = text.indexOf(end, from).let { if (it < 0) text.length else it + end.length }
        }

        /** PostgreSQL and H2 nest comments, the others do not. */
        private fun skipComment() {
            val nests = dialect == Dialect.POSTGRESQL || dialect == Dialect.H2
            var depth = 0
            while (at < text.length) {
                if (text.startsWith("/*", at) && (depth == 0 || nests)) {
                    depth++
                    at += 2
                } else if (text.startsWith("*/", at)) {
                    at += 2
                    if (--depth == 0) return
                } else {
                    at++
                }
            }
        }

        /** PostgreSQL's $$...$$ and $tag$...$tag$. H2 has the first only. */
        private fun skipDollarQuoted() {
            if (next() == '$') return skipTo("$$", at + 2)
            if (dialect == Dialect.H2) {
                at++
                return
            }
            var end = at + 1
            while (end < text.length && isNamePart(text[end])) end++
            val isTag = end < text.length && text[end] == '$' && !text[at + 1].isDigit()
            if (!isTag) {
                at++
                return
            }
            skipTo(text.substring(at, end + 1), end + 1)
        }
    }
}
