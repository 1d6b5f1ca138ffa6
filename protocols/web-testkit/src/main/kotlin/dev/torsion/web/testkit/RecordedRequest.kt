// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.web.Headers
import dev.torsion.web.Request

/**
 * A request that a [MockWebServer] has got.
 *
 * Thread: any.
 *
 * @property request the request. Its body has been read, see [body]
 * @property connection the number of its connection: the server's first one is 0
 * @property index how many requests that connection had before: 0 on a new one
 */
public class RecordedRequest internal constructor(
    @get:JvmName("request") public val request: Request,
    private val bytes: ByteArray,
    @get:JvmName("connection") public val connection: Int,
    @get:JvmName("index") public val index: Int,
) {
    /** The method, such as `GET`. */
    @get:JvmName("method")
    public val method: String get() = request.method

    /** The target as it came: a path with its query, as a rule. */
    @get:JvmName("target")
    public val target: String get() = request.target

    /** The fields of the head. */
    @get:JvmName("headers")
    public val headers: Headers get() = request.headers

    /** The whole body; empty when its answer did not wait for it, see [MockResponse.withoutReading]. The array is a copy. */
    public fun body(): ByteArray = bytes.copyOf()

    /** The whole body as text in UTF-8. */
    public fun text(): String = bytes.toString(Charsets.UTF_8)

    override fun toString(): String = "RecordedRequest($request, ${bytes.size} bytes, number $index of connection $connection)"
}

/** Chooses the answer to a request; see [MockWebServer.dispatch]. */
public fun interface MockDispatcher {
    /** The answer to [request]. Thread: the reactor's; it must not block. */
    public fun answer(request: RecordedRequest): MockResponse
}
