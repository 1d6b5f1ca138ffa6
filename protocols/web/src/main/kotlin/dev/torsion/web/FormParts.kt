// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.ByteArrayOutputStream

/** Makes fields and files of the parts of a form. Bytes of files wait in [spool] until somebody flushes it. */
internal class FormParts(private val options: FormOptions, private val spool: Spool) : MultipartReader.Listener {
    private class Part(val disposition: Disposition, val type: String?, val from: Long)

    val fields = ArrayList<Pair<String, String>>()
    val files = ArrayList<FormFile>()
    private var part: Part? = null
    private val text = ByteArrayOutputStream()
    private var textBytes = 0L
    private var parts = 0

    override fun part(fields: List<Pair<String, String>>) {
        if (++parts > options.maxFields) throw ResponseException(413, "The form has too many fields.")
        fun one(name: String): String? {
            val values = fields.filter { it.first.equals(name, ignoreCase = true) }
            if (values.size > 1) throw MultipartReader.wrong("has a part with two fields $name")
            return values.singleOrNull()?.second
        }
        val coding = one("Content-Transfer-Encoding")?.lowercase()
        if (coding != null && coding !in PLAIN_CODINGS) throw MultipartReader.wrong("has a part in a coding that RFC 7578 takes back")
        val disposition = Disposition.of(one("Content-Disposition").orEmpty())
        countText(disposition.name.length.toLong() + (disposition.fileName?.length ?: 0) + (one("Content-Type")?.length ?: 0))
        part = Part(disposition, one("Content-Type"), spool.size)
    }

    override fun content(bytes: ByteArray, from: Int, count: Int) {
        val part = checkNotNull(part)
        if (part.disposition.fileName == null) {
            countText(count.toLong())
            text.write(bytes, from, count)
        } else {
            if (spool.size - part.from + count > options.maxFileBytes) throw ResponseException(413, "A file of the form is too large.")
            spool.add(bytes, from, count)
        }
    }

    override fun partEnd() {
        val (name, fileName) = checkNotNull(part).disposition
        if (fileName == null) {
            fields.add(name to text.toString(Charsets.UTF_8))
            text.reset()
        } else {
            val from = checkNotNull(part).from
            // A browser sends this for an input whose user has chosen no file.
            val isNone = fileName.isEmpty() && spool.size == from
            if (!isNone) files.add(FormFile(name, fileName, part?.type, spool.range(from, spool.size - from)))
        }
        part = null
    }

    private fun countText(count: Long) {
        textBytes += count
        if (textBytes > options.maxTextBytes) throw ResponseException(413, "The form is too large.")
    }

    private companion object {
        val PLAIN_CODINGS = setOf("7bit", "8bit", "binary")
    }
}

/** The value of a `Content-Disposition` of a form (RFC 7578 4.2). */
internal data class Disposition(val name: String, val fileName: String?) {
    companion object {
        /** @throws ResponseException when it is none */
        fun of(value: String): Disposition {
            val parameters = FieldParameters.of(value)
            if (parameters?.value?.lowercase() != "form-data") throw MultipartReader.wrong("has a part that is no form-data")
            val name = parameters["name"] ?: throw MultipartReader.wrong("has a part without a name")
            return Disposition(name, parameters["filename"])
        }
    }
}

/** A value with parameters, such as `form-data; name="a"`: the value, and the parameters by their names in lower case. */
internal class FieldParameters private constructor(val value: String, private val parameters: Map<String, String>) {
    operator fun get(name: String): String? = parameters[name]

    companion object {
        /**
         * Null when [text] is none, or has a parameter twice. A backslash in quotes stands before a quote or a backslash; else it is
         * itself.
         */
        fun of(text: String): FieldParameters? {
            val value = text.substringBefore(';').trim(' ', '\t')
            val parameters = HashMap<String, String>()
            var at = text.indexOf(';')
            while (at in text.indices) {
                if (text[at] != ';') return null
                val equals = text.indexOf('=', at)
                if (equals < 0) return if (text.substring(at + 1).isBlank()) FieldParameters(value, parameters) else null
                val name = text.substring(at + 1, equals).trim(' ', '\t').lowercase()
                if (!isToken(name)) return null
                val found = StringBuilder()
                at = if (text.getOrNull(equals + 1) == '"') quoted(text, equals + 2, found) else token(text, equals + 1, found)
                if (at < 0 || parameters.put(name, found.toString()) != null) return null
                while (at < text.length && (text[at] == ' ' || text[at] == '\t')) at++
            }
            return FieldParameters(value, parameters)
        }

        private fun token(text: String, from: Int, to: StringBuilder): Int {
            var at = from
            while (at < text.length && text[at] != ';') at++
            to.append(text.substring(from, at).trim(' ', '\t'))
            return if (isToken(to.toString())) at else -1
        }

        private fun quoted(text: String, from: Int, to: StringBuilder): Int {
            var at = from
            while (at < text.length) {
                val next = text.getOrNull(at + 1)
                when {
                    text[at] == '"' -> return at + 1
                    text[at] == '\\' && (next == '"' || next == '\\') -> to.append(text[++at])
                    else -> to.append(text[at])
                }
                at++
            }
            return -1
        }
    }
}
