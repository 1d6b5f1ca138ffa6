// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.ktor.network.sockets.Connection
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.Socket
import io.ktor.utils.io.ByteChannel
import io.ktor.utils.io.ReaderJob
import io.ktor.utils.io.WriterJob
import io.ktor.utils.io.discard
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import java.time.Duration
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds

/** The end of a connection over ktor's channels, in virtual time. */
class KtorClosingSpec :
    StringSpec({
        "a peer that reads slowly gets the last bytes too, however long it takes" {
            runReactorTest(timeout = 1.hours) { scope ->
                val toPeer = ByteChannel()
                val connection = Connection(SocketOfChannels(), ByteChannel(), toPeer)
                val protocol =
                    object : Protocol() {
                        override fun connectionMade() {
                            transport.write(ByteArray(LENGTH))
                            transport.loseConnection()
                        }
                    }
                val options = StreamOptions(closeTimeout = Duration.ofSeconds(10), writeLimit = 64_000_000)
                val served = scope.async { connection.serve(protocol, this@runReactorTest, options) }
                var read = 0L
                while (true) {
                    delay(6.seconds)
                    val count = toPeer.discard(8 * 1024)
                    if (count == 0L) break
                    read += count
                }
                read shouldBe LENGTH.toLong()
                served.await().shouldBeInstanceOf<ConnectionDone>()
            }
        }

        "connections of a foreign reactor share one loop, which goes with the last of them" {
            runReactorTest { scope ->
                val foreign = ForeignReactor(this)
                val before = FlushingLoop.count
                val sockets = List(3) { SocketOfChannels() to ByteChannel() }
                val served =
                    sockets.map { (socket, input) ->
                        scope.async<CloseReason> { Connection(socket, input, ByteChannel()).serve(object : Protocol() {}, foreign) }
                    }
                delay(1.seconds)
                FlushingLoop.count shouldBe before + 1
                sockets.forEach { (_, input) -> input.flushAndClose() }
                served.forEach { it.await().shouldBeInstanceOf<ConnectionDone>() }
                FlushingLoop.count shouldBe before
            }
        }
    }) {
    private companion object {
        const val LENGTH = 1024 * 1024 + 400 * 1024
    }
}

/** The connection behind two channels, whose other ends a test holds. */
private class SocketOfChannels : Socket {
    override val socketContext: CompletableJob = Job()
    override val coroutineContext: CoroutineContext get() = socketContext
    override val localAddress = InetSocketAddress("127.0.0.1", 1)
    override val remoteAddress = InetSocketAddress("127.0.0.1", 2)

    override fun attachForReading(channel: ByteChannel): WriterJob = error("its channels are open")

    override fun attachForWriting(channel: ByteChannel): ReaderJob = error("its channels are open")

    override fun close() {
        socketContext.complete()
    }
}
