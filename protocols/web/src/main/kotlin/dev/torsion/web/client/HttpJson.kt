// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmSynthetic

package dev.torsion.web.client

import kotlinx.serialization.json.Json
import kotlinx.serialization.serializer

/**
 * The body of the answer as a [T], by kotlinx-serialization, which the program brings. The JSON has keys of [T] only, unless [json] says
 * `ignoreUnknownKeys`. Fails with an [UnreadableBodyException] when it is no [T]. On any dispatcher.
 *
 * ```kotlin
 * val cat = http.get("https://example.com/cats/tom").raiseForStatus().json<Cat>()
 * ```
 */
public suspend inline fun <reified T> HttpCall.json(json: Json = Json): T {
    val serializer = serializer<T>()
    return readJson { json.decodeFromString(serializer, it.decodeToString(throwOnInvalidSequence = true)) }
}

/** [value] as JSON, by kotlinx-serialization, which the program brings. */
public inline fun <reified T> RequestBody.Companion.json(value: T, json: Json = Json): RequestBody =
    text(json.encodeToString(serializer<T>(), value), "application/json")
