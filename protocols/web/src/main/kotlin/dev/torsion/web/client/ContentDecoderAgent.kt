// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.reactor.Reactor
import dev.torsion.web.Headers
import dev.torsion.web.HttpBody

/**
 * Asks for bodies in gzip and deflate, and takes that coding off again; Twisted's `ContentDecoderAgent`. The answer has neither
 * `Content-Encoding` nor `Content-Length` then.
 *
 * `br` is asked for too when the program has the library org.brotli:dec on its class path. Such a body is decoded when all of it has come.
 *
 * A body is decoded as it is read, a little at a time, on the reactor's thread. Reading fails with a [ContentCodingException] when the body is
 * wrong, ends before its end, has something behind its end, or grows by more than the [limits][DecodingLimits] allow.
 *
 * A request that has an `Accept-Encoding` or a `Range` of its own gets the answer as it comes. So does a coding that is not known.
 */
public class ContentDecoderAgent
@JvmOverloads
constructor(
    private val agent: Agent,
    private val limits: DecodingLimits = DecodingLimits.DEFAULT,
) : Agent {
    private val loop = ScopeExecutor(agent.reactor().scope)

    override fun reactor(): Reactor = agent.reactor()

    override fun request(request: ClientRequest): Deferred<ClientResponse> {
        if ("Accept-Encoding" in request.headers || "Range" in request.headers) return agent.request(request)
        return agent.request(request.withHeader("Accept-Encoding", ACCEPTED)).addCallback { response ->
            try {
                decoded(request, response)
            } catch (e: Throwable) {
                response.close()
                throw e
            }
        }.onUndelivered { it.close() }
    }

    private fun decoded(request: ClientRequest, response: ClientResponse): ClientResponse {
        if (request.method == "HEAD" || response.status in BODILESS) return response
        val codings = response.headers.tokens("Content-Encoding").filter { it != "identity" }
        val known = codings.takeLastWhile(::isKnown)
        if (known.isEmpty()) return response
        if (codings.size > limits.maxCodings) {
            throw ContentCodingException("A body has ${codings.size} codings, and may have ${limits.maxCodings}.")
        }
        val decoding = Decoding(known.reversed().map(::decoder), limits)
        val body = DecodedBody(loop, response, decoding)
        return response.withHeaders(headers(response.headers, codings.dropLast(known.size))).withBody(body.body, body::close)
    }

    private fun headers(of: Headers, left: List<String>): Headers {
        val headers = of.without("Content-Length").without("Content-Encoding")
        return if (left.isEmpty()) headers else headers.plus("Content-Encoding", left.joinToString(", "))
    }

    private fun isKnown(coding: String) = coding in KNOWN || (coding == "br" && Brotli.isThere)

    private fun decoder(coding: String): Decoder = when (coding) {
        "deflate" -> Deflate()
        "br" -> Brotli(limits.maxBrotliBytes)
        else -> Gunzip()
    }

    override fun toString(): String = "ContentDecoderAgent($agent)"

    private companion object {
        val KNOWN = setOf("gzip", "x-gzip", "deflate")
        val BODILESS = setOf(204, 304)
        val ACCEPTED: String by lazy { if (Brotli.isThere) "gzip, deflate, br" else "gzip, deflate" }
    }
}

/** The body of [response] with its codings taken off. It reads when somebody wants to read it. */
private class DecodedBody(private val loop: ScopeExecutor, private val response: ClientResponse, private val decoding: Decoding) :
    HttpBody.Flow {
    val body = HttpBody(loop, this, ClientResponse.CLOSED)
    private var isOver = false
    private var isReading = false
    private var isPumping = false
    private var isWanted = false

    override fun wanted() {
        isWanted = true
        pump()
    }

    override fun roomChanged(): Unit = pump()

    override fun refused() {
        response.close()
        close()
    }

    private fun pump() {
        if (isPumping || !isWanted) return
        isPumping = true
        try {
            while (!isOver && !isReading && (body.isAwaited || body.hasRoom)) {
                val piece = decoding.output()
                when {
                    piece != null -> body.add(piece)
                    decoding.isDone -> over { body.end() }
                    else -> read()
                }
            }
        } catch (e: Exception) {
            failed(e)
        } finally {
            isPumping = false
        }
    }

    private fun read() {
        isReading = true
        response.body.next().addCallbacks({ came(it) }, { readingFailed(it.value) })
    }

    private fun came(piece: ByteArray?) {
        isReading = false
        if (isOver) return
        try {
            if (piece == null) decoding.end() else decoding.input(piece)
        } catch (e: Exception) {
            return failed(e)
        }
        pump()
    }

    private fun readingFailed(error: Throwable) {
        isReading = false
        failed(error)
    }

    private fun failed(error: Throwable) {
        if (isOver) return
        response.close()
        over { body.fail(error) }
    }

    private inline fun over(tell: () -> Unit) {
        isOver = true
        decoding.close()
        tell()
    }

    /** Nobody reads it any more. On any thread. */
    fun close(): Unit = loop.execute {
        isOver = true
        decoding.close()
        body.discard()
    }
}
