// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.web.client.EventSourceOptions
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.ServerEvent
import dev.torsion.web.client.ServerEventListener
import java.time.Duration

/** A server of events that does something else with each attempt, until it ends them. */
internal class EventStorm : ClientKind() {
    private var attempts = 0
    private var isOver = false

    override fun begin(program: ClientProgram, done: () -> Unit) {
        fun over() {
            if (!isOver) done()
            isOver = true
        }
        val options = EventSourceOptions.DEFAULT.withSilenceTimeout(Duration.ofMillis(30)).withRetryPolicy { Duration.ofMillis(5L * it) }
        val listener = object : ServerEventListener {
            override fun event(event: ServerEvent) = program.call("event") { }

            override fun opened() = program.call("opened") { }

            override fun interrupted(cause: Throwable?, delay: Duration) {
                cause?.let(program::heard)
                program.call("interrupted") { }
            }

            override fun ended(error: Throwable?) {
                error?.let(program::heard)
                over()
            }
        }
        val listening = HttpClient.of(program.another { it }).get("${program.url}/events").events(options).listen(listener)
        program.maybe("listening") {
            listening.close()
            over()
        }
    }

    override fun answer(path: String, head: String, body: String, times: Int, send: (String) -> Unit, close: () -> Unit) {
        if (path != "/events" && path != "/moved") return super.answer(path, head, body, times, send, close)
        when (++attempts) {
            1 -> close()
            2 -> send("${EVENTS}retry: 0\nid: 1\ndata: a\n\n").also { close() }
            3 -> Unit // says nothing
            4 -> send(EVENTS)
            5 -> send("HTTP/1.1 301 Moved\r\nLocation: /moved\r\nContent-Length: 0\r\n\r\n")
            6 -> send("${EVENTS}data: b\n\ndata: c").also { close() }
            else -> send("HTTP/1.1 204 No Content\r\n\r\n")
        }
    }

    private companion object {
        const val EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    }
}
