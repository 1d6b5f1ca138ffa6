// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer
import java.time.Instant
import java.util.concurrent.Executor

/**
 * The first request of a program loads the tables of the parser and the locales of its dates, which takes longer than a loop may be held. So a
 * request is read and an answer is written in memory, on another thread, while a port opens.
 *
 * Nobody waits for it: a client that is faster loads the rest.
 */
internal object FirstRequest {
    private val first = lazy(::handle)

    /** Has it done by one of [threads], once for all. Does nothing when there are none. */
    fun beginOn(threads: Executor) {
        if (first.isInitialized()) return
        try {
            threads.execute { await() }
        } catch (_: RuntimeException) {
            // The reactor ends, or has no thread: then the first request of a client does it.
        }
    }

    /** Takes the time that it takes, once. Thread: any; those that need it meanwhile wait for it. */
    fun await() = first.value

    private fun handle() {
        val nobody = object : MessageListener {
            override fun head(head: MessageHead) = Unit

            override fun content(view: ByteBuffer) = Unit

            override fun end(trailers: Headers) = Unit

            override fun failed(error: HttpException) = Unit
        }
        HttpReader(HttpLimits.DEFAULT, isRequest = true, nobody).feed(ByteBuffer.wrap(REQUEST.toByteArray()))
        val headers = Headers.builder().add("Date", HttpDate.format(Instant.EPOCH)).add("Content-Length", "0").build()
        HttpWriter.response(200, headers)
    }

    private const val REQUEST =
        "POST /a?b=c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nUser-Agent: a\r\nAccept: */*\r\n\r\n1\r\na\r\n0\r\n\r\n"
}
