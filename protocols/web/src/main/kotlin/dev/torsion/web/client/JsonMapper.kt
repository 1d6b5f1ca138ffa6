// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.HttpException
import dev.torsion.web.ValueWriter

/**
 * Makes JSON of objects, and objects of JSON, by the library that a program has. Thread: it may be called on any, on several at once.
 *
 * ```java
 * ObjectMapper jackson = new ObjectMapper();
 * HttpClient http = HttpClient.of(reactor).withJson(jackson::writeValueAsBytes, jackson::readValue);
 * ```
 */
public interface JsonMapper {
    /** [value] as JSON in UTF-8. */
    @Throws(Exception::class)
    public fun write(value: Any): ByteArray

    /** The value of [type] that [bytes] are, which is JSON in UTF-8. */
    @Throws(Exception::class)
    public fun <T> read(bytes: ByteArray, type: Class<T>): T

    public companion object {
        /** A mapper of two functions. */
        @JvmStatic
        public fun of(writer: ValueWriter<Any>, reader: JsonTypeReader): JsonMapper = object : JsonMapper {
            override fun write(value: Any): ByteArray = writer.write(value)

            override fun <T> read(bytes: ByteArray, type: Class<T>): T = reader.read(bytes, type)
        }
    }
}

/** Reads values of any class of JSON in UTF-8, see [JsonMapper]. In Java a reference to a method is one. */
public interface JsonTypeReader {
    /** The value of [type] that [bytes] are, which is JSON in UTF-8. */
    @Throws(Exception::class)
    public fun <T> read(bytes: ByteArray, type: Class<T>): T
}

/** The body of an answer cannot be read: it is no JSON, or no value of the wanted type, or its charset is not known. */
public class UnreadableBodyException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : HttpException(message, cause)
