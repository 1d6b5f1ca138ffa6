// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** Reads the form of a request, on the loop. */
internal object FormReader {
    suspend fun read(request: Request, options: FormOptions): FormData {
        val type = FieldParameters.of(request.headers["Content-Type"].orEmpty())
        return when (type?.value?.lowercase()) {
            "application/x-www-form-urlencoded" -> urlEncoded(request.body, options)

            "multipart/form-data" -> {
                val boundary = type["boundary"]?.takeIf(::isBoundary) ?: throw MultipartReader.wrong("has no boundary")
                multipart(request, boundary, options)
            }

            else -> throw ResponseException(415, "The body must be a form.")
        }
    }

    private suspend fun urlEncoded(body: HttpBody, options: FormOptions): FormData {
        val text = try {
            body.readBytes(options.maxTextBytes.toLong()).toString(Charsets.UTF_8)
        } catch (e: BodyTooLargeException) {
            throw ResponseException(413, "The form is too large.", e)
        }
        val fields = ArrayList<Pair<String, String>>()
        for (field in formFields(text)) {
            if (fields.size == options.maxFields) throw ResponseException(413, "The form has too many fields.")
            fields.add(field)
        }
        return FormData(fields, emptyList())
    }

    private suspend fun multipart(request: Request, boundary: String, options: FormOptions): FormData {
        val spool = Spool(request.life, options)
        val parts = FormParts(options, spool)
        val reader = MultipartReader(boundary, options.maxPartHeadBytes, parts)
        while (true) {
            reader.feed(request.body.read() ?: break)
            spool.flush()
        }
        reader.end()
        return FormData(parts.fields, parts.files)
    }

    /** RFC 2046 5.1.1. */
    private fun isBoundary(text: String) = text.length in 1..MOST_BOUNDARY && text.last() != ' ' &&
        text.all { it in 'a'..'z' || it in 'A'..'Z' || it in '0'..'9' || it in "'()+_,-./:=? " }

    private const val MOST_BOUNDARY = 70
}
