// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.HttpException

/**
 * Makes JSON of objects, and objects of JSON, by the library that a program has.
 *
 * ```java
 * ObjectMapper jackson = new ObjectMapper();
 * HttpClient http = HttpClient.of(reactor).withJson(jackson::writeValueAsString, jackson::readValue);
 * ```
 */
public interface JsonMapper {
    /** [value] as JSON. */
    @Throws(Exception::class)
    public fun write(value: Any): String

    /** The value of [type] that [text] is. */
    @Throws(Exception::class)
    public fun <T> read(text: String, type: Class<T>): T

    public companion object {
        /** A mapper of two functions. */
        @JvmStatic
        public fun of(writer: JsonWriter, reader: JsonTypeReader): JsonMapper = object : JsonMapper {
            override fun write(value: Any): String = writer.write(value)

            override fun <T> read(text: String, type: Class<T>): T = reader.read(text, type)
        }
    }
}

/** Makes JSON of an object, see [JsonMapper]. */
public fun interface JsonWriter {
    /** [value] as JSON. */
    @Throws(Exception::class)
    public fun write(value: Any): String
}

/** Makes objects of a class of JSON, see [JsonMapper]. In Java a reference to a method is one. */
public interface JsonTypeReader {
    /** The value of [type] that [text] is. */
    @Throws(Exception::class)
    public fun <T> read(text: String, type: Class<T>): T
}

/** Makes one kind of value of JSON, see [HttpCall.json]. */
public fun interface JsonReader<T> {
    /** The value that [text] is. */
    @Throws(Exception::class)
    public fun read(text: String): T
}

/** The body of an answer is not what the program reads it as: no JSON, or no such value, or in a charset that is not known. */
public class UnreadableBodyException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : HttpException(message, cause)
