// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** Writes a value as JSON in UTF-8: a method of the library that a program has, see [Response.json] and [HttpClient.withJson][dev.torsion.web.client.HttpClient.withJson]. */
public fun interface ValueWriter<T> {
    /** The bytes of [value]. */
    @Throws(Exception::class)
    public fun write(value: T): ByteArray
}

/** Reads a value of JSON in UTF-8: a method of the library that a program has, see [Request.json] and [HttpCall.json][dev.torsion.web.client.HttpCall.json]. */
public fun interface ValueReader<T> {
    /** The value of [bytes]. Any exception says that they are none. */
    @Throws(Exception::class)
    public fun read(bytes: ByteArray): T
}
