// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmSynthetic

package dev.torsion.web

import kotlinx.serialization.json.Json
import kotlinx.serialization.serializer

/**
 * [value] as `application/json`, by kotlinx-serialization, which the program brings.
 *
 * ```kotlin
 * get("/orders/{id:int}") { request -> Response.json(orders.find(request.intParameter("id"))) }
 * ```
 */
public inline fun <reified T> Response.Companion.json(value: T, json: Json = Json): Response =
    json(json.encodeToString(serializer<T>(), value))

/**
 * The body as a [T], by kotlinx-serialization, which the program brings. Fails as [Request.readJson]: a handler that passes that on
 * answers 400 or 415. The JSON has keys of [T] only, unless [json] says `ignoreUnknownKeys`. On any dispatcher.
 */
public suspend inline fun <reified T> Request.json(json: Json = Json): T {
    val serializer = serializer<T>()
    return readJson { json.decodeFromString(serializer, it.decodeToString(throwOnInvalidSequence = true)) }
}
