// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.Headers
import dev.torsion.web.HttpBody

/**
 * The answer to a [ClientRequest]; Twisted's `IResponse`. The head is there; the [body] is still coming.
 *
 * Read the body to its end, or [close] the response: until then it has a connection, which no other request can use.
 *
 * Thread: any.
 *
 * @property status the status, such as 200
 * @property reason the text that the server sends beside the status; often empty
 * @property headers the fields of the head
 * @property isHttp11 false for HTTP/1.0
 * @property body the body; an empty one ends at once
 * @property request the request, as the agent nearest to the server has sent it
 * @property history the redirects on the way to this response, the first one first; their bodies are closed
 */
public class ClientResponse internal constructor(
    @get:JvmName("status") public val status: Int,
    @get:JvmName("reason") public val reason: String,
    @get:JvmName("headers") public val headers: Headers,
    @get:JvmName("isHttp11") public val isHttp11: Boolean,
    @get:JvmName("body") public val body: HttpBody,
    @get:JvmName("request") public val request: ClientRequest,
    private val owner: Owner,
    @get:JvmName("history") public val history: List<ClientResponse> = emptyList(),
) : AutoCloseable {
    /** The one that has the connection. */
    internal interface Owner {
        /** The fields behind the body, once it has ended. On any thread. */
        val trailers: Headers

        /** Nobody reads the body any more. On any thread. */
        fun close()

        /** The same, and the connection ends at once when the body has not. On any thread. */
        fun abort(): Unit = close()
    }

    /** Whether the status is one of success: 200 to 299. */
    @get:JvmName("isSuccess")
    public val isSuccess: Boolean get() = status in 200..299

    /** The fields behind the body (RFC 9110 6.5), once that has ended; none until then. The server may have sent them, and not a gateway. */
    @get:JvmName("trailers")
    public val trailers: Headers get() = owner.trailers

    /** Lets go of the body. The rest of it is dropped when that is little; otherwise the connection ends. Closing it again does nothing. */
    override fun close(): Unit = owner.close()

    /** Lets go of a body that may never end, and of its connection. */
    @JvmSynthetic
    internal fun abort(): Unit = owner.abort()

    /** This response with other [headers], for agents that change them. The body is the same one. */
    public fun withHeaders(headers: Headers): ClientResponse =
        ClientResponse(status, reason, headers, isHttp11, body, request, owner, history)

    /** This response with another [body], which reads from this one's. Closing it calls [closing] too, on any thread. */
    @JvmSynthetic
    internal fun withBody(body: HttpBody, closing: () -> Unit): ClientResponse {
        val both = object : Owner by owner {
            override fun close() {
                owner.close()
                closing()
            }

            override fun abort() {
                owner.abort()
                closing()
            }
        }
        return ClientResponse(status, reason, headers, isHttp11, body, request, both, history)
    }

    /** This response, to which [history] has led. */
    @JvmSynthetic
    internal fun withHistory(history: List<ClientResponse>): ClientResponse =
        ClientResponse(status, reason, headers, isHttp11, body, request, owner, history.toList())

    override fun toString(): String = "ClientResponse($status to $request)"

    internal companion object {
        /** Why a body can be read no more. */
        const val CLOSED: String = "The response was closed: what was left of its body is gone."
    }
}
