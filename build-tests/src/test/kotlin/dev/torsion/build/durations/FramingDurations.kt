// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.defer.Deferred
import dev.torsion.framing.AnswerTimeoutException
import dev.torsion.framing.ConnectionOptions
import dev.torsion.framing.CorrelationOptions
import dev.torsion.framing.FrameTimeoutException
import dev.torsion.framing.IdleTimeoutException
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.PendingAnswers
import dev.torsion.framing.RawCodec
import dev.torsion.framing.ReadIdleTimeoutException
import dev.torsion.framing.WriteIdleTimeoutException
import dev.torsion.framing.connect
import dev.torsion.framing.listen
import dev.torsion.testkit.VirtualClock
import dev.torsion.testkit.runTest
import dev.torsion.testkit.successResultOf
import io.kotest.matchers.shouldBe

private fun unanswered(options: CorrelationOptions) {
    val clock = VirtualClock()
    val answer = PendingAnswers<Int, String>(clock, options).add(1)
    clock.advance(halfACentury)
    answer.called shouldBe false
}

private fun idle(options: ConnectionOptions) = inMemory { reactor ->
    val port = successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec(), options) { })
    val connection = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", LineCodec(), options) }
    reactor.advance(halfACentury)
    connection.closeReason shouldBe null
    connection.abort()
    port.stopListening()
    reactor.flush()
}

/** A peer that has sent half a line. */
private fun unfinished(options: ConnectionOptions) = inMemory { reactor ->
    var served: MessageConnection<String>? = null
    val port = successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec(), options) { served = it })
    val client = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", RawCodec()) }
    client.write("half".encodeToByteArray())
    reactor.flush()
    reactor.advance(halfACentury)
    served!!.closeReason shouldBe null
    client.abort()
    port.stopListening()
    reactor.flush()
}

/** A handler at work on the last message of a peer that has ended its side. */
private fun answering(options: ConnectionOptions) = inMemory { reactor ->
    var served: MessageConnection<String>? = null
    val port =
        successResultOf(
            reactor.listen("tcp:0:interface=127.0.0.1", LineCodec(), options) { c ->
                served = c
                c.onMessage { Deferred<Unit>() }
            },
        )
    val client = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", LineCodec()) }
    client.write("question")
    client.closeWrite()
    reactor.flush()
    reactor.advance(halfACentury)
    served!!.closeReason shouldBe null
    served.abort()
    port.stopListening()
    reactor.flush()
}

private fun beating(use: (MessageConnection<String>) -> Unit) = inMemory { reactor ->
    val port = successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec()) { c -> c.onMessage { error(it) } })
    val client = reactor.runTest { reactor.connect("tcp:127.0.0.1:${port.port()}", LineCodec()) }
    use(client)
    reactor.advance(halfACentury)
    client.abort()
    port.stopListening()
    reactor.flush()
}

/** Times of typed connections. */
internal val framingDurations: Tries =
    mapOf(
        "framing/ConnectionOptions\$Companion.invoke" to { time ->
            idle(ConnectionOptions(idleTimeout = time, readIdleTimeout = time, writeIdleTimeout = time))
            unfinished(ConnectionOptions(frameTimeout = time))
            answering(ConnectionOptions(answerTimeout = time))
        },
        "framing/ConnectionOptions.copy" to { time ->
            idle(ConnectionOptions.DEFAULT.copy(idleTimeout = time, readIdleTimeout = time, writeIdleTimeout = time))
            unfinished(ConnectionOptions.DEFAULT.copy(frameTimeout = time))
            answering(ConnectionOptions.DEFAULT.copy(answerTimeout = time))
        },
        "framing/ConnectionOptions.withIdleTimeout" to { time -> idle(ConnectionOptions.DEFAULT.withIdleTimeout(time)) },
        "framing/ConnectionOptions.withReadIdleTimeout" to { time -> idle(ConnectionOptions.DEFAULT.withReadIdleTimeout(time)) },
        "framing/ConnectionOptions.withWriteIdleTimeout" to { time -> idle(ConnectionOptions.DEFAULT.withWriteIdleTimeout(time)) },
        "framing/ConnectionOptions.withFrameTimeout" to { time -> unfinished(ConnectionOptions.DEFAULT.withFrameTimeout(time)) },
        "framing/ConnectionOptions.withAnswerTimeout" to { time -> answering(ConnectionOptions.DEFAULT.withAnswerTimeout(time)) },
        "framing/AnswerTimeoutException.<init>" to { time -> AnswerTimeoutException(time).timeout shouldBe time },
        "framing/FrameTimeoutException.<init>" to { time -> FrameTimeoutException(time, 1).timeout shouldBe time },
        "framing/ReadIdleTimeoutException.<init>" to { time -> ReadIdleTimeoutException(time).timeout shouldBe time },
        "framing/WriteIdleTimeoutException.<init>" to { time -> WriteIdleTimeoutException(time).timeout shouldBe time },
        "framing/MessageConnection.every" to { time -> beating { it.every(time, "never") } },
        "framing/ConnectionOptions\$Builder.idleTimeout" to { time ->
            idle(ConnectionOptions.builder().idleTimeout(time).build())
        },
        "framing/ConnectionOptions\$Builder.readIdleTimeout" to { time ->
            idle(ConnectionOptions.builder().readIdleTimeout(time).build())
        },
        "framing/ConnectionOptions\$Builder.writeIdleTimeout" to { time ->
            idle(ConnectionOptions.builder().writeIdleTimeout(time).build())
        },
        "framing/ConnectionOptions\$Builder.frameTimeout" to { time ->
            idle(ConnectionOptions.builder().frameTimeout(time).build())
        },
        "framing/ConnectionOptions\$Builder.answerTimeout" to { time ->
            idle(ConnectionOptions.builder().answerTimeout(time).build())
        },
        "framing/CorrelationOptions\$Companion.invoke" to { time -> unanswered(CorrelationOptions(timeout = time)) },
        "framing/CorrelationOptions.copy" to { time -> unanswered(CorrelationOptions.DEFAULT.copy(timeout = time)) },
        "framing/CorrelationOptions\$Builder.timeout" to { time -> unanswered(CorrelationOptions.builder().timeout(time).build()) },
        "framing/IdleTimeoutException.<init>" to { time -> IdleTimeoutException(time).timeout shouldBe time },
    )
