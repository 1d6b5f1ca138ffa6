// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.inlineCallbacks
import dev.torsion.web.BodySink
import dev.torsion.web.bodyTooShort
import dev.torsion.web.roomFor

/** The body of one request, on its way. Tells [sent] at its end, or [failed]; nothing after [stop]. */
internal class Upload(
    private val body: RequestBody,
    private val connection: ClientConnection,
    private val loop: ScopeExecutor,
    private val sent: () -> Unit,
    private val failed: (Throwable) -> Unit,
) {
    private val transport = connection.transport
    private val agent = connection.agent
    private var sink: BodySink? = null
    private var writing: Deferred<*>? = null
    private var isOver = false

    /** How many bytes go with the head; more than there can be for a body that is written bit by bit. */
    val atOnce: Long
        get() = (body.content as? RequestBody.Content.Bytes)?.bytes?.size?.toLong()?.takeIf { it <= AT_ONCE } ?: Int.MAX_VALUE.toLong()

    /** Whether all bytes are written that there can be, whatever their writer still does. */
    val isWhole: Boolean get() = body.length == 0L || sink?.isWhole == true

    /** How many bytes were written. */
    var total: Long = 0
        get() = sink?.total ?: field
        private set

    fun begin() {
        val content = body.content
        if (content is RequestBody.Content.Bytes && content.bytes.size <= AT_ONCE) {
            transport.write(content.bytes)
            total = content.bytes.size.toLong()
            isOver = true
            sent()
        } else {
            begin { body.writeTo(it, agent.reactor()) }
        }
    }

    private fun begin(write: suspend (BodySink) -> Unit) {
        val room = { roomFor(connection, agent.reactor(), agent.options.writeTimeout) }
        val sink = BodySink(agent.reactor(), loop, transport, body.length < 0, body.length, room)
        this.sink = sink
        val job = inlineCallbacks(transport.scope.coroutineContext) { write(sink) }
        writing = job
        job.addCallbacks({ written(sink) }, { ended(it.value) })
        if (isOver) job.cancel()
    }

    private fun written(sink: BodySink) {
        if (isOver) return
        if (!sink.end()) return ended(bodyTooShort())
        isOver = true
        writing = null
        sent()
    }

    private fun ended(error: Throwable) {
        if (isOver) return
        isOver = true
        writing = null
        sink?.cut(error)
        failed(error)
    }

    /** Writes no more. */
    fun stop() {
        if (isOver) return
        isOver = true
        sink?.cut(IllegalStateException("The request is over: its body is not wanted any more."))
        writing?.cancel()
        writing = null
    }

    private companion object {
        const val AT_ONCE = 64 * 1024
    }
}
