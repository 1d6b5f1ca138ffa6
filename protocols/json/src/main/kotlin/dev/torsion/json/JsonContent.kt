// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.json

import dev.torsion.framing.Codec
import dev.torsion.framing.Content
import dev.torsion.framing.EncodeException
import dev.torsion.framing.MalformedContentException
import dev.torsion.log.safeMessage
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.serializer
import java.nio.ByteBuffer

/**
 * JSON in UTF-8, by kotlinx-serialization. `Content.json<T>()` is the short way to it.
 *
 * A key that the class does not have is refused, unless the format says `ignoreUnknownKeys`. Another mapper, such as Jackson in Java, is
 * two functions: [Content.of].
 *
 * @param serializer of the values
 * @param json the format
 */
public class JsonContent<T : Any>
@JvmOverloads
constructor(private val serializer: KSerializer<T>, private val json: Json = Json) :
    Content<T> {
    /** The value. Bytes that are no JSON, or no such value, are a [MalformedContentException]. */
    override fun decode(frame: ByteBuffer): T {
        val text = TEXT.decode(frame)
        try {
            return json.decodeFromString(serializer, text)
        } catch (e: SerializationException) {
            throw MalformedContentException.of("A message is no JSON of ${serializer.descriptor.serialName}", e)
        } catch (e: IllegalArgumentException) {
            // Thrown by the class of T itself: it does not take such values.
            throw MalformedContentException.of("A message is no ${serializer.descriptor.serialName}", e)
        } catch (e: StackOverflowError) {
            throw MalformedContentException.of("A message is no ${serializer.descriptor.serialName}", e)
        }
    }

    override fun encode(value: T): ByteArray {
        val text =
            try {
                json.encodeToString(serializer, value)
            } catch (e: SerializationException) {
                throw EncodeException("Cannot write a ${serializer.descriptor.serialName} as JSON: ${safeMessage(e)}", e)
            }
        return TEXT.encode(text)
    }

    override fun toString(): String = "JSON of ${serializer.descriptor.serialName}"

    private companion object {
        val TEXT = Content.text()
    }
}

/** JSON of [T] in UTF-8. */
public inline fun <reified T : Any> Content.Companion.json(json: Json = Json): Content<T> = JsonContent(serializer<T>(), json)

/** The same framing with JSON of [T] in each frame. */
public inline fun <reified T : Any> Codec<*>.json(json: Json = Json): Codec<T> = with(Content.json<T>(json))
