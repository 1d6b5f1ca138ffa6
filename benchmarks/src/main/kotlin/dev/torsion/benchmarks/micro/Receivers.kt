// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.micro

import dev.torsion.framing.ConnectionFactory
import dev.torsion.framing.Int32Codec
import dev.torsion.net.Protocol
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.VirtualClock
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.launch
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume
import kotlin.coroutines.startCoroutine

/** The continuations that [Resuming] resumes. */
internal object Receivers {
    /** A protocol whose messages a callback counts. */
    @JvmStatic
    fun callback(count: LongArray): Protocol = protocol { it.onMessage { count[0]++ } }

    /** A protocol whose messages a coroutine counts, which waits for each. */
    @JvmStatic
    fun coroutine(count: LongArray): Protocol = protocol { connection ->
        connection.transport.scope.launch(start = CoroutineStart.UNDISPATCHED) { while (connection.receiveOrNull() != null) count[0]++ }
    }

    private fun protocol(handler: (dev.torsion.framing.MessageConnection<ByteArray>) -> Unit): Protocol {
        val transport = StringTransport()
        val factory = ConnectionFactory(VirtualClock(), Int32Codec()) { handler(it) }
        return factory.buildProtocol(transport.peer())!!.also { it.makeConnection(transport) }
    }

    /** A coroutine that counts how often its continuation is resumed, with nothing between. */
    class Raw(private val count: LongArray) {
        private var waiting: Continuation<Unit>? = null

        init {
            val body: suspend () -> Unit = { while (true) next().also { count[0]++ } }
            body.startCoroutine(Continuation(EmptyCoroutineContext) { it.getOrThrow() })
        }

        private suspend fun next(): Unit = suspendCoroutineUninterceptedOrReturn {
            waiting = it
            COROUTINE_SUSPENDED
        }

        fun resume() {
            waiting!!.resume(Unit)
        }
    }
}
