// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.web.Headers
import dev.torsion.web.Response
import java.time.Duration
import kotlin.time.toJavaDuration

/**
 * An answer of a [MockWebServer], and what goes wrong with it. Immutable.
 *
 * ```java
 * MockResponse.text("hello").withStatus(201).withHeader("X-A", "b");
 * MockResponse.text("slow").withThrottle(1, Duration.ofSeconds(1));
 * MockResponse.text("half").withFault(MockFault.RESET, MockPoint.BODY);
 * ```
 */
public class MockResponse private constructor(
    @get:JvmSynthetic internal val content: Content,
    @get:JvmSynthetic internal val fault: MockFault?,
    @get:JvmSynthetic internal val point: MockPoint?,
    @get:JvmSynthetic internal val headDelay: Duration,
    @get:JvmSynthetic internal val isRead: Boolean,
) {
    init {
        require(!headDelay.isNegative) { "a delay must not be negative, but $headDelay was given" }
        require(point != MockPoint.END || content !is Given) { "nobody knows where a Response ends that writes its body itself" }
    }

    internal sealed class Content

    /** A [response] of production code. */
    internal class Given(val response: Response) : Content()

    /** [bytes] in place of an answer. */
    internal class Raw(val bytes: ByteArray) : Content()

    /** A body whose pieces and times the test says. */
    internal class Own(
        val status: Int,
        val headers: Headers,
        val body: ByteArray,
        val chunk: Int = 0,
        val bodyDelay: Duration = Duration.ZERO,
        val piece: Int = Int.MAX_VALUE,
        val period: Duration = Duration.ZERO,
    ) : Content() {
        init {
            require(!bodyDelay.isNegative && !period.isNegative) { "times must not be negative, but $bodyDelay and $period were given" }
            require(piece > 0) { "a piece has at least one byte, and not $piece" }
            whole() // refuses what is no answer
        }

        val isWhole: Boolean get() = chunk == 0 && bodyDelay.isZero && period.isZero

        fun whole(): Response {
            val answer = if (body.isEmpty()) Response.of(status) else Response.bytes(body, "").withStatus(status)
            return answer.withHeaders(headers)
        }
    }

    private fun with(
        content: Content = this.content,
        fault: MockFault? = this.fault,
        point: MockPoint? = this.point,
        headDelay: Duration = this.headDelay,
        isRead: Boolean = this.isRead,
    ) = MockResponse(content, fault, point, headDelay, isRead)

    private inline fun own(change: (Own) -> Own): MockResponse = with(
        content = change(checkNotNull(content as? Own) { "this can be said of an answer with a body of bytes, and not of $this" }),
    )

    /** This answer with another status. @throws IllegalStateException for [of] and [raw] */
    public fun withStatus(status: Int): MockResponse = own { Own(status, it.headers, it.body, it.chunk, it.bodyDelay, it.piece, it.period) }

    /** This answer with one field of [name] in place of all that there are. @throws IllegalStateException for [of] and [raw] */
    public fun withHeader(name: String, value: String): MockResponse = own { withHeaders(it.headers.with(name, value), it) }

    /** This answer with other [headers]. @throws IllegalStateException for [of] and [raw] */
    public fun withHeaders(headers: Headers): MockResponse = own { withHeaders(headers, it) }

    private fun withHeaders(headers: Headers, own: Own) =
        Own(own.status, headers, own.body, own.chunk, own.bodyDelay, own.piece, own.period)

    /** This answer in chunks of at most [size] bytes, without `Content-Length`. @throws IllegalStateException for [of] and [raw] */
    public fun withChunks(size: Int): MockResponse {
        require(size > 0) { "a chunk has at least one byte, and not $size" }
        return own { Own(it.status, it.headers, it.body, size, it.bodyDelay, it.piece, it.period) }
    }

    /** This answer, when [time] has passed since the whole request was there. By the reactor's clock. */
    public fun withHeadDelay(time: Duration): MockResponse = with(headDelay = time)

    /** The same for Kotlin. */
    @JvmSynthetic
    public fun withHeadDelay(time: kotlin.time.Duration): MockResponse = withHeadDelay(time.toJavaDuration())

    /** This answer, with [time] between head and body. By the reactor's clock. @throws IllegalStateException for [of] and [raw] */
    public fun withBodyDelay(time: Duration): MockResponse =
        own { Own(it.status, it.headers, it.body, it.chunk, time, it.piece, it.period) }

    /** The same for Kotlin. */
    @JvmSynthetic
    public fun withBodyDelay(time: kotlin.time.Duration): MockResponse = withBodyDelay(time.toJavaDuration())

    /**
     * This answer with its body in pieces of [bytes], and [period] between them. By the reactor's clock.
     *
     * @throws IllegalStateException for [of] and [raw]
     */
    public fun withThrottle(bytes: Int, period: Duration): MockResponse =
        own { Own(it.status, it.headers, it.body, it.chunk, it.bodyDelay, bytes, period) }

    /** The same for Kotlin. */
    @JvmSynthetic
    public fun withThrottle(bytes: Int, period: kotlin.time.Duration): MockResponse = withThrottle(bytes, period.toJavaDuration())

    /** This answer as far as [point]; what happens there is [fault]. */
    public fun withFault(fault: MockFault, point: MockPoint): MockResponse = with(fault = fault, point = point)

    /**
     * This answer without waiting for the body of its request, as of a server that refuses an upload. It is for answers in the queue: those
     * of a [MockDispatcher] come when the request is whole.
     */
    public fun withoutReading(): MockResponse = with(isRead = false)

    override fun toString(): String {
        val what = when (content) {
            is Given -> "${content.response}"
            is Own -> "${content.status}, ${content.headers}, ${content.body.size} bytes${if (content.chunk > 0) " in chunks" else ""}"
            is Raw -> "${content.bytes.size} raw bytes"
        }
        return "MockResponse($what${if (fault == null) "" else ", $fault at $point"})"
    }

    public companion object {
        /** An answer without a body. */
        @JvmStatic
        public fun of(status: Int): MockResponse = of(Own(status, Headers.EMPTY, ByteArray(0)))

        /** The answer [response], as a server would give it. */
        @JvmStatic
        public fun of(response: Response): MockResponse = of(Given(response))

        /** [text] in UTF-8, with status 200. */
        @JvmStatic
        public fun text(text: String): MockResponse = bytes(text.toByteArray(), "text/plain; charset=utf-8")

        /** [json], a text of JSON, with status 200. */
        @JvmStatic
        public fun json(json: String): MockResponse = bytes(json.toByteArray(), "application/json")

        /** [bytes] of the media type [contentType], with status 200. The array is copied. */
        @JvmStatic
        public fun bytes(bytes: ByteArray, contentType: String): MockResponse =
            of(Own(200, Headers.of("Content-Type", contentType), bytes.copyOf()))

        /**
         * [bytes] in place of an answer, right or wrong. Then the connection is closed, unless [withFault] says what becomes of it
         * instead. The array is copied.
         */
        @JvmStatic
        public fun raw(bytes: ByteArray): MockResponse =
            MockResponse(Raw(bytes.copyOf()), MockFault.CLOSE, MockPoint.END, Duration.ZERO, true)

        /** [raw] with the characters of [text], each of which is a byte (ISO 8859-1). Lines have to end with CR LF where HTTP has it so. */
        @JvmStatic
        public fun raw(text: String): MockResponse = raw(text.toByteArray(Charsets.ISO_8859_1))

        /** No answer, ever: the connection stays open. */
        @JvmStatic
        public fun none(): MockResponse = of(200).withFault(MockFault.STALL, MockPoint.REQUEST)

        private fun of(content: Content) = MockResponse(content, null, null, Duration.ZERO, true)
    }
}
