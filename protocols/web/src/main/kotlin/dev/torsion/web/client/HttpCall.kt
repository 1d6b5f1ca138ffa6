// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.addTimeout
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.fail
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.safeMessage
import dev.torsion.reactor.Reactor
import dev.torsion.web.BodyTooLargeException
import dev.torsion.web.HttpBody
import dev.torsion.web.ValueReader
import dev.torsion.web.ofProgram
import java.io.ByteArrayOutputStream
import java.net.URI
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * A request of an [HttpClient], before it is sent. Immutable: methods such as [header] and [body] give another call. The methods of the
 * table send it, once for each time that they are called.
 *
 * | You want | Java | Kotlin |
 * |---|---|---|
 * | the head, with the body still coming | [send] | [fetch] |
 * | text | [text] | [readText] |
 * | bytes | [bytes] | [readBytes] |
 * | an object of JSON | [json] | `json<T>()` |
 * | a file | [saveTo] | [readTo] |
 * | events | [events] | [events] |
 *
 * **Cancelling** the future or the coroutine ends the request at any moment, with its connection. A whole body has a limit of 16 MiB, and
 * fails with a [BodyTooLargeException] above it.
 *
 * Thread: any, except for [request].
 */
public class HttpCall internal constructor(
    private val client: HttpClient,
    @get:JvmSynthetic internal val request: ClientRequest,
    private val timeout: Duration? = client.settings.timeout,
    private val authentication: Authentication? = null,
    private val raises: Boolean = client.settings.raises,
    private val multipart: Multipart? = null,
    private val uploading: ProgressListener? = null,
    private val downloading: ProgressListener? = null,
) {
    @get:JvmSynthetic
    internal val reactor: Reactor get() = client.reactor()

    private fun with(
        request: ClientRequest = this.request,
        timeout: Duration? = this.timeout,
        authentication: Authentication? = this.authentication,
        raises: Boolean = this.raises,
        multipart: Multipart? = this.multipart,
        uploading: ProgressListener? = this.uploading,
        downloading: ProgressListener? = this.downloading,
    ) = HttpCall(client, request, timeout, authentication, raises, multipart, uploading, downloading)

    // The request.

    /** Another parameter of the query. Both are escaped. */
    public fun query(name: String, value: String): HttpCall {
        val url = request.url
        val query = listOfNotNull(url.rawQuery, "${escapedPart(name)}=${escapedPart(value)}").joinToString("&")
        val text = url.toString().substringBefore('#').substringBefore('?')
        return with(request.withUrl(URI("$text?$query${url.rawFragment?.let { "#$it" }.orEmpty()}")))
    }

    /** One field of [name] in place of all that there are. @throws IllegalArgumentException when it is no field of HTTP */
    public fun header(name: String, value: String): HttpCall = with(request.withHeader(name, value))

    /** Another field of [name]. @throws IllegalArgumentException when it is no field of HTTP */
    public fun addHeader(name: String, value: String): HttpCall = with(request.withHeaders(request.headers.plus(name, value)))

    /** The bytes that are sent behind the head. */
    public fun body(body: RequestBody): HttpCall = with(request.withBody(body), multipart = null)

    /** [text] in UTF-8 behind the head. */
    public fun body(text: String): HttpCall = body(RequestBody.text(text))

    /**
     * [value] as JSON behind the head, by the mapper of [HttpClient.withJson]. In Kotlin see also `RequestBody.json`.
     *
     * @throws IllegalArgumentException when the mapper fails
     */
    public fun jsonBody(value: Any): HttpCall {
        val mapper = mapper()
        val bytes =
            try {
                mapper.write(value)
            } catch (e: Exception) {
                throw IllegalArgumentException("The value cannot be written as JSON: ${safeMessage(e)}", e)
            }
        return body(RequestBody.bytes(bytes, JSON))
    }

    /** The [fields] of a form behind the head (`application/x-www-form-urlencoded`). */
    public fun form(fields: Map<String, String>): HttpCall = form(*fields.flatMap { listOf(it.key, it.value) }.toTypedArray())

    /**
     * The fields of a form behind the head: names and values by turns. A name may be there several times.
     *
     * @throws IllegalArgumentException when the last name has no value
     */
    public fun form(vararg namesAndValues: String): HttpCall = body(RequestBody.form(*namesAndValues))

    /** A form with files behind the head. */
    public fun multipart(form: Multipart): HttpCall = with(request.withBody(null), multipart = form)

    /** Counts this call among those of the kind [route], such as `/users/{id}`: see [ClientRequest.withRoute]. */
    public fun route(route: String): HttpCall = with(request.withRoute(route))

    /** Shows [authentication] to the server of the URL, and to nobody that it redirects to. */
    public fun authentication(authentication: Authentication): HttpCall = with(authentication = authentication)

    /**
     * How long all of it may take, with redirects, to the last byte of the answer; with [send] and [fetch] to its head, and again as long for each
     * answer. Then it fails with a [RequestTimeoutException].
     */
    public fun timeout(timeout: Duration): HttpCall = with(request.withTimeout(timeout), timeout = timeout)

    /** Fails with an [HttpStatusException] when the status of the answer is 400 or more; treq's `raise_for_status`. */
    public fun raiseForStatus(): HttpCall = with(raises = true)

    /** Tells [listener] of the body that is sent. */
    public fun onUpload(listener: ProgressListener): HttpCall = with(uploading = listener)

    /** Tells [listener] of the body that comes, for all but [send] and [fetch]. */
    public fun onDownload(listener: ProgressListener): HttpCall = with(downloading = listener)

    /**
     * Tells [listener] of answers on the way to the last one, such as 103 with links to load early: see
     * [ClientRequest.withInterimListener].
     */
    public fun onInterim(listener: InterimListener): HttpCall = with(request.withInterimListener(listener))

    // The answer.

    /** The head of the answer; Twisted's voice. Its body is still coming: read it, or close the response. On the reactor's thread. */
    public fun request(): Deferred<ClientResponse> = within(head(null))

    /** The head of the answer. Its body is still coming: read it, or close the response. */
    public fun send(): CompletableFuture<ClientResponse> = reactor.futureOnLoop { request() }

    /** The head of the answer, for coroutines. Its body is still coming: read it, or close the response. */
    @JvmSynthetic
    public suspend fun fetch(): ClientResponse = reactor.awaitOnLoop { request() }

    /** The body as text, in the charset of its `Content-Type`, or UTF-8. */
    public fun text(): CompletableFuture<String> = text(HttpBody.DEFAULT_LIMIT)

    /** [text] of at most [limit] bytes. */
    public fun text(limit: Long): CompletableFuture<String> = reactor.futureOnLoop { reading { text(it, limit) } }

    /** The body as text, in the charset of its `Content-Type`, or UTF-8; of at most [limit] bytes. */
    @JvmSynthetic
    public suspend fun readText(limit: Long = HttpBody.DEFAULT_LIMIT): String = reactor.awaitOnLoop { reading { text(it, limit) } }

    /** The body. */
    public fun bytes(): CompletableFuture<ByteArray> = bytes(HttpBody.DEFAULT_LIMIT)

    /** The body, of at most [limit] bytes. */
    public fun bytes(limit: Long): CompletableFuture<ByteArray> = reactor.futureOnLoop { reading { bytes(it, limit) } }

    /** The body, of at most [limit] bytes. */
    @JvmSynthetic
    public suspend fun readBytes(limit: Long = HttpBody.DEFAULT_LIMIT): ByteArray = reactor.awaitOnLoop { reading { bytes(it, limit) } }

    /** The body as an object of [type], by the mapper of [HttpClient.withJson]. It runs on the reactor's thread. */
    public fun <T : Any> json(type: Class<T>): CompletableFuture<T> {
        val mapper = mapper()
        return json { mapper.read(it, type) }
    }

    /** The body as [reader] reads it, on the reactor's thread. An exception of it is the cause of an [UnreadableBodyException]. */
    public fun <T> json(reader: ValueReader<T>): CompletableFuture<T> = reactor.futureOnLoop { runJson(reader) }

    /** [json] for coroutines, with a [reader]. */
    @JvmSynthetic
    public suspend fun <T> readJson(reader: ValueReader<T>): T = reactor.awaitOnLoop { runJson(reader) }

    /**
     * Writes the body to the file at [path], and gives that. The file is there when all of it has come, in place of an older one; until then it has
     * another name, in the same folder. A failure leaves nothing behind. The body has no limit. A link at [path] stays: the file that it leads to is
     * replaced. It fails with a [FileSystemException][java.nio.file.FileSystemException] when something else than a file is there.
     */
    public fun saveTo(path: Path): CompletableFuture<Path> = reactor.futureOnLoop { saving(path) }

    /** [saveTo] for coroutines. */
    @JvmSynthetic
    public suspend fun readTo(path: Path): Path = reactor.awaitOnLoop { saving(path) }

    /** The answer as a stream of events (`text/event-stream`), which is asked for again when it is lost. [timeout] is for the head of each answer. */
    public fun events(): EventSource = events(EventSourceOptions.DEFAULT)

    /** [events] with other [options]. */
    public fun events(options: EventSourceOptions): EventSource = EventSource.of(this, options)

    // The work.

    /** The head of an answer of events, which may come for ever; of whatever status. It comes without a coding, since those hold bytes back. */
    @JvmSynthetic
    internal fun askForEvents(lastEventId: String, silence: Duration?): Deferred<ClientResponse> {
        var headers = request.headers.with("Accept-Encoding", "identity").with("Cache-Control", "no-cache")
        if (lastEventId.isNotEmpty()) headers = headers.with("Last-Event-ID", EventParser.inField(lastEventId))
        val asking = request.withHeaders(headers).withTimeout(FOREVER).withReadTimeout(silence ?: FOREVER)
        val call = HttpCall(client, asking, timeout, authentication, raises = false, multipart, uploading)
        return call.within(call.head(EventReading.EVENTS)).onUndelivered { it.abort() }
    }

    private fun saving(path: Path) = reading { response -> Download(reactor, path).save { each -> pieces(response, each) } }

    private fun <T> runJson(reader: ValueReader<T>): Deferred<T> = reading(JSON) { response ->
        val bytes = utf8(response, HttpBody.DEFAULT_LIMIT)
        try {
            reader.read(bytes)
        } catch (e: Exception) {
            throw UnreadableBodyException("The answer to ${request.shown} is not the JSON that is wanted: ${safeMessage(e)}", e)
        } catch (e: StackOverflowError) {
            throw UnreadableBodyException("The answer to ${request.shown} is JSON that is nested too deep.", e)
        }
    }

    private fun <T> reading(accepted: String? = null, read: suspend (ClientResponse) -> T): Deferred<T> = within(
        inlineCallbacks {
            head(accepted).await().use { read(it) }
        },
    )

    private fun <T> within(result: Deferred<T>): Deferred<T> {
        val time = timeout ?: return result
        return result.addTimeout(time, reactor).addAsyncErrback { failure ->
            fail(if (failure.value is DeferredTimeoutException) RequestTimeoutException(time) else failure.value)
        }
    }

    private fun head(accepted: String?): Deferred<ClientResponse> {
        val answer = client.agent(authentication, request.url).request(whole(accepted))
        return if (raises) answer.addAsyncCallback { inlineCallbacks { raising(it) } }.onUndelivered { it.close() } else answer
    }

    private suspend fun raising(response: ClientResponse): ClientResponse {
        if (response.status < FIRST_ERROR) return response
        response.use { throw HttpStatusException.of(response) }
    }

    private fun whole(accepted: String?): ClientRequest {
        var headers = request.headers
        client.settings.headers.forEach { name, value -> if (name !in request.headers) headers = headers.plus(name, value) }
        if (accepted != null && "Accept" !in headers) headers = headers.plus("Accept", accepted)
        val body = (multipart?.body(reactor) ?: request.body)?.let { if (uploading == null) it else watched(it, uploading) }
        return request.withHeaders(headers).withBody(body).withTimeout(request.timeout ?: timeout)
    }

    private fun watched(body: RequestBody, listener: ProgressListener): RequestBody {
        val watched = RequestBody.stream(body.contentType, body.length) { sink ->
            var done = 0L
            sink.written = { count ->
                done += count
                ofProgram(LISTENER_FAILED) { listener.progress(done, body.length) }
            }
            body.writeTo(sink, reactor)
        }
        return if (body.isReplayable) watched.asReplayable() else watched
    }

    private suspend fun text(response: ClientResponse, limit: Long): String {
        val charset = charset(response)
            ?: throw UnreadableBodyException("The answer to ${request.shown} is in a charset that is not known.")
        return String(bytes(response, limit), charset).removePrefix(BYTE_ORDER_MARK)
    }

    /** As JSON is to be (RFC 8259 8.1), without a mark at its beginning; from whatever charset the answer has. */
    private suspend fun utf8(response: ClientResponse, limit: Long): ByteArray {
        if (charset(response) != Charsets.UTF_8) return text(response, limit).toByteArray()
        val bytes = bytes(response, limit)
        val isMarked = bytes.size >= MARK.size && MARK.indices.all { bytes[it] == MARK[it] }
        return if (isMarked) bytes.copyOfRange(MARK.size, bytes.size) else bytes
    }

    private suspend fun bytes(response: ClientResponse, limit: Long): ByteArray {
        if (downloading == null) return response.body.all(limit).await()
        val whole = ByteArrayOutputStream()
        pieces(response) { piece ->
            if (whole.size() + piece.size.toLong() > limit) throw BodyTooLargeException(limit)
            whole.writeBytes(piece)
        }
        return whole.toByteArray()
    }

    private suspend fun pieces(response: ClientResponse, each: suspend (ByteArray) -> Unit) {
        val length = response.headers["Content-Length"]?.toLongOrNull() ?: -1
        var done = 0L
        while (true) {
            val piece = response.body.next().await() ?: return
            each(piece)
            done += piece.size
            ofProgram(LISTENER_FAILED) { downloading?.progress(done, length) }
        }
    }

    private fun mapper() = checkNotNull(client.settings.json) { "the client has no mapper of JSON: HttpClient.withJson gives it one" }

    /** Without the query, which may have secrets. */
    override fun toString(): String = "HttpCall($request)"

    private companion object {
        val FOREVER: Duration = Duration.ofSeconds(Long.MAX_VALUE)
        const val FIRST_ERROR = 400
        const val LISTENER_FAILED = "The listener of progress has failed."
        const val JSON = "application/json"
        const val BYTE_ORDER_MARK = "\uFEFF"
        val MARK = BYTE_ORDER_MARK.toByteArray()

        fun escapedPart(text: String): String = formEncoded(text).replace("+", "%20")
    }
}

/** Hears how far a body is. On the reactor's thread; it must not block. An exception of it ends the call. */
public fun interface ProgressListener {
    /** [done] bytes of [length] are sent or have come; -1 where nobody knows the length. */
    public fun progress(done: Long, length: Long)
}
