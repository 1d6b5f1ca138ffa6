// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.net.Address
import kotlinx.coroutines.future.await
import org.slf4j.event.Level
import java.net.URLDecoder
import java.util.UUID
import java.util.concurrent.CompletableFuture

/**
 * A request that a server has got; Twisted's `Request`, without its answer. The head is there; the [body] is still coming.
 *
 * A filter gives a handler the same request, or one [with] something more, which has the same body.
 *
 * Thread: its properties may be read on any.
 *
 * @property method the method, such as `GET`, as it came
 * @property target the target as it came: a path with its query as a rule, or a whole URL, or `*`
 * @property headers the fields of the head
 * @property isHttp11 false for HTTP/1.0
 * @property body the body; an empty one ends at once
 */
public class Request private constructor(
    @get:JvmName("method") public val method: String,
    private val path: RequestTarget,
    @get:JvmName("headers") public val headers: Headers,
    @get:JvmName("isHttp11") public val isHttp11: Boolean,
    @get:JvmName("body") public val body: HttpBody,
    @get:JvmName("peer") public val peer: Address,
    @get:JvmSynthetic internal val life: RequestLife,
    private val parameters: Map<String, String>,
    private val given: Map<RequestKey<*>, Any>,
    private val taken: Int, // how many names of the path lead to here
    private val mount: String, // the patterns of those names
) {
    internal constructor(
        method: String,
        target: String,
        headers: Headers,
        isHttp11: Boolean,
        body: HttpBody,
        peer: Address,
        life: RequestLife,
    ) : this(method, RequestTarget(target), headers, isHttp11, body, peer, life, emptyMap(), emptyMap(), 0, "")

    /** The fields behind the body (RFC 9110 6.5), once that has ended; none until then. They are as the client has sent them, and no part of [headers]. */
    @get:JvmName("trailers")
    public val trailers: Headers get() = life.trailers

    @get:JvmName("target")
    public val target: String get() = path.text

    /** The part of [target] that is the path, as it came; `/` when a whole URL has none. */
    @get:JvmName("rawPath")
    public val rawPath: String get() = path.rawPath

    /** The part of [target] behind the first `?`, as it came; null when there is none. */
    @get:JvmName("rawQuery")
    public val rawQuery: String? get() = path.rawQuery

    /**
     * The names between the slashes of [rawPath], each decoded by itself; Twisted's `postpath`. An escaped slash is a character of its
     * name. Nothing is left out: `.` and `..` are names like others, and the last one is empty when the path ends with a slash. A handler
     * that is mounted at a path has the names below that path; there may be none.
     */
    @get:JvmName("pathSegments")
    public val pathSegments: List<String> get() = if (taken == 0) path.segments else path.segments.drop(taken)

    /** The names that lead to where the handler is mounted, see [Router.Builder.mount]; Twisted's `prepath`. */
    @get:JvmName("mountSegments")
    public val mountSegments: List<String> get() = path.segments.take(taken)

    /** The address of the client: [peer], or what [HttpServerOptions.trustedProxies] say. Its port is 0 when they do not say it. */
    @get:JvmName("client")
    public val client: Address get() = life.origin?.client ?: peer

    /** The name of this request in logs; null when the site has no [HttpServerOptions.requestIds]. */
    @get:JvmName("id")
    public val id: String? get() = life.id

    /**
     * The name of the user who has logged in, for logs; null when nobody has. A guard of `torsion-web-cred` sets it once the portal has let
     * the user in, and a filter of your own may. Thread: the reactor's, to set it.
     */
    public var user: String?
        @JvmName("user")
        get() = life.user
        set(value) {
            life.user = value
        }

    /** `https` when [isSecure], otherwise `http`. */
    @get:JvmName("scheme")
    public val scheme: String get() = if (isSecure) "https" else "http"

    /** Whether the client uses TLS, to here or to a proxy that is trusted and says so; Twisted's `isSecure`. */
    @get:JvmName("isSecure")
    public val isSecure: Boolean get() = life.isSecure

    /**
     * The name and port that the client has asked for, in lower case: as trusted proxies say, else of the target when that is a whole URL, else of
     * `Host`. Null when it says none.
     */
    @get:JvmName("authority")
    public val authority: String?
        get() {
            val named = life.origin?.host ?: if (path.isWholeUrl) authorityOf(target.substringAfter("://")) else headers["Host"]
            return named?.takeIf { it.isNotEmpty() }?.lowercase()
        }

    /** The first value of [name] in the query, decoded; null when there is none. Twisted's `args`. */
    public fun query(name: String): String? = queryAll(name).firstOrNull()

    /** All values of [name] in the query, decoded. */
    public fun queryAll(name: String): List<String> = formFields(rawQuery.orEmpty()).filter { it.first == name }.map { it.second }.toList()

    /** All parameters of the query, decoded, with their values in their order; Twisted's `args`. It is read anew for each call. */
    @get:JvmName("queryParameters")
    public val queryParameters: Map<String, List<String>>
        get() = formFields(rawQuery.orEmpty()).groupBy({ it.first }) { it.second }

    /** The part of the path that the pattern of the route calls [name]. @throws IllegalArgumentException when it has no such part */
    public fun parameter(name: String): String =
        requireNotNull(parameters[name]) { "the route of this request has no parameter $name, but ${parameters.keys}" }

    /** [parameter] as a number. The answer is 404 where it is none, which does not happen when the pattern says `{name:int}`. */
    public fun intParameter(name: String): Int = typed(parameter(name), ParameterType::int)

    /** [parameter] as a number of 64 bits, for `{name:long}`. The answer is 404 where it is none. */
    public fun longParameter(name: String): Long = typed(parameter(name), ParameterType::long)

    /** [parameter] as a UUID, for `{name:uuid}`. The answer is 404 where it is none. */
    public fun uuidParameter(name: String): UUID = typed(parameter(name), ParameterType::uuid)

    /**
     * Sends an answer on the way to the last one (RFC 9110 15.2), such as 103 with `Link` fields (RFC 8297) for a browser to load while the handler works:
     *
     * ```java
     * request.sendInterim(103, Headers.of("Link", "</style.css>; rel=preload; as=style"));
     * ```
     *
     * It goes out at once. Nothing is sent when the answer has begun or the client has gone, to a client of HTTP/1.0, and while the client does not take
     * what was written before. On any thread.
     *
     * @param status from 102 to 199. The server sends 100 by itself, and switches to no protocol (101)
     * @throws IllegalArgumentException when [status] is another, or [headers] have a field of the connection or of a body's length
     */
    @JvmOverloads
    public fun sendInterim(status: Int, headers: Headers = Headers.EMPTY) {
        require(status in 102..199) { "an answer on the way has a status from 102 to 199, and not $status" }
        for (name in NOT_INTERIM) require(name !in headers) { "$name is for the last answer" }
        life.loop.execute { life.sendInterim(status, headers) }
    }

    /**
     * The session of the browser that has sent this. On the reactor's thread.
     *
     * @throws IllegalStateException when no filter of [Sessions] is around
     */
    public fun session(): Session = checkNotNull(this[Session.KEY]) {
        "there are no sessions here: the site or the router needs the filter of Sessions"
    }

    /** The object that a filter has given as [key]; null when none has. */
    public operator fun <T : Any> get(key: RequestKey<T>): T? {
        @Suppress("UNCHECKED_CAST") // [with] has put it there
        return given[key] as T?
    }

    /**
     * The body as JSON, read by [reader]: `request.json(bytes -> mapper.readValue(bytes, Order.class))`. As a future, on any thread. It
     * fails with a [ResponseException], which is the answer where a handler passes it on: of 415 when the type of the body is none of
     * JSON, of 400 when [reader] throws, which the log has at level debug, and of 413 above [HttpBody.DEFAULT_LIMIT].
     */
    public fun <T> json(reader: ValueReader<T>): CompletableFuture<T> = life.future { readJson(reader) }

    /** [json] for Kotlin, which `torsion-json` makes shorter for kotlinx-serialization. On any dispatcher. */
    @JvmSynthetic
    public suspend fun <T> readJson(reader: ValueReader<T>): T {
        val type = headers["Content-Type"].orEmpty().substringBefore(';').trim().lowercase()
        if (type != "application/json" && !(type.startsWith("application/") && type.endsWith("+json"))) {
            throw ResponseException(415, "The body must be application/json.")
        }
        val bytes = try {
            body.readBytes()
        } catch (e: BodyTooLargeException) {
            throw ResponseException(413, "The body is too large.", e)
        }
        return try {
            reader.read(bytes)
        } catch (e: ResponseException) {
            throw e
        } catch (e: Exception) {
            throw noSuchJson(e)
        } catch (e: StackOverflowError) { // of lists within lists
            throw noSuchJson(e)
        }
    }

    /** The log has the reason, which may be a class of the program that no body fits. Any client can cause it, so only debugging shows it. */
    private fun noSuchJson(reason: Throwable): ResponseException {
        LOG.at(Level.DEBUG)
            .with("method", method)
            .with("path", escaped(target.substringBefore('?'), SHOWN))
            .withThrowable(reason)
            .log("The body of {method} {path} is not the JSON that is wanted")
        return ResponseException(400, "The body is no such JSON.", reason)
    }

    /**
     * The fields and files of a form that is the body: `application/x-www-form-urlencoded` or `multipart/form-data` (RFC 7578). As a
     * future, on any thread. Files go to the disk above [FormOptions.memoryBytes], and are deleted when the request is over. A form is read
     * once: another call gives the same form, also while one waits for it, and after one was cancelled.
     *
     * It fails with a [ResponseException], which is the answer where a handler passes it on: of 415 when the body is no form, of 413 above
     * a limit, and of 400 when it breaks a rule.
     */
    public fun form(): CompletableFuture<FormData> = form(FormOptions.DEFAULT)

    /** [form] with other limits. */
    public fun form(options: FormOptions): CompletableFuture<FormData> = life.future { formOnLoop(options) }

    /** [form] for Kotlin. On any dispatcher. */
    @JvmSynthetic
    public suspend fun readForm(options: FormOptions = FormOptions.DEFAULT): FormData =
        life.loop.awaitOnLoop { inlineCallbacks(life.scope.coroutineContext) { formOnLoop(options) } }

    private suspend fun formOnLoop(options: FormOptions): FormData {
        val form = life.form ?: CompletableFuture<FormData>().also {
            life.form = it
            readForm(options, it)
        }
        return form.copy().await() // who is cancelled does not end it for the others
    }

    private fun readForm(options: FormOptions, form: CompletableFuture<FormData>) {
        life.future { FormReader.read(this, options) }.handle { read, error ->
            if (error == null) form.complete(read) else form.completeExceptionally(error)
        }
    }

    /** The cookies that the client has sent, by their names; the first of each name. Twisted's `received_cookies`. */
    @get:JvmName("cookies")
    public val cookies: Map<String, String> get() = Cookies.of(headers)

    /** The value of the cookie called [name]; null when the client has sent none. Twisted's `getCookie`. */
    public fun cookie(name: String): String? = cookies[name]

    /**
     * Calls [action] on the reactor's thread when this request is over: when its answer is written, or its client has gone; Twisted's
     * `notifyFinish`. At once when that is so already. Thread: the reactor's.
     */
    public fun onEnd(action: Runnable): Unit = life.onEnd(action)

    /** The same request, with [value] for [key]: for a filter to pass on. */
    public fun <T : Any> with(key: RequestKey<T>, value: T): Request = view(given = given + (key to value))

    /** The same request, of a client at [peer]: for a filter that knows it better than the connection does. */
    @JvmSynthetic
    internal fun withPeer(peer: Address): Request = view(peer = peer)

    @JvmSynthetic
    internal fun withParameters(more: Map<String, String>): Request = when {
        more.isEmpty() -> this
        parameters.isEmpty() -> view(parameters = more)
        else -> view(parameters = parameters + more)
    }

    /** The request as a handler has it that is mounted [count] names further down. */
    @JvmSynthetic
    internal fun below(count: Int, pattern: String): Request =
        if (count == 0) this else view(taken = taken + count, mount = if (life.isObserved) mount + pattern else "")

    /** The router of this view has found [pattern]. */
    @JvmSynthetic
    internal fun routed(pattern: String, isOpen: Boolean): Unit = life.routed(mount, pattern, isOpen)

    private fun view(
        peer: Address = this.peer,
        parameters: Map<String, String> = this.parameters,
        given: Map<RequestKey<*>, Any> = this.given,
        taken: Int = this.taken,
        mount: String = this.mount,
    ) = Request(method, path, headers, isHttp11, body, peer, life, parameters, given, taken, mount)

    /** Without the query, which may have secrets. */
    override fun toString(): String = "Request($method ${escaped(target.substringBefore('?'), SHOWN)} from $peer)"

    private companion object {
        const val SHOWN = 200
        val LOG = Logger(Request::class.java)
        val NOT_INTERIM = listOf("Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Trailer")

        fun <T : Any> typed(text: String, parse: (String) -> T?): T = parse(text) ?: throw ResponseException(404)
    }
}

/** The parts of a target, for all views of a request. */
internal class RequestTarget(val text: String) {
    val isWholeUrl: Boolean get() = !text.startsWith('/') && text != "*"
    val rawPath: String = path(text)
    val rawQuery: String? = if ('?' in text) text.substringAfter('?') else null
    val segments: List<String> by lazy(LazyThreadSafetyMode.PUBLICATION) {
        if (rawPath == "*") emptyList() else rawPath.removePrefix("/").split('/').map(::decoded)
    }

    private companion object {
        fun path(target: String): String {
            val whole = target.substringBefore('?')
            if (whole.startsWith('/') || whole == "*") return whole
            val rest = whole.substringAfter("://", "")
            return if ('/' in rest) rest.substring(rest.indexOf('/')) else "/"
        }

        fun decoded(segment: String): String = if ('%' in segment) formDecoded(segment.replace("+", "%2B")) else segment
    }
}

/** The names and values of [text] (`application/x-www-form-urlencoded`), decoded, in their order. */
internal fun formFields(text: String): Sequence<Pair<String, String>> = text.splitToSequence('&').filter { it.isNotEmpty() }
    .map { formDecoded(it.substringBefore('=')) to formDecoded(it.substringAfter('=', "")) }

/** [text] as the fields of a form have it (`application/x-www-form-urlencoded`); as it is where its escapes are wrong. */
internal fun formDecoded(text: String): String = if (isEscaped(text)) URLDecoder.decode(text, Charsets.UTF_8) else text
