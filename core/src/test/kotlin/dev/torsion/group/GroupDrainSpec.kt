// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CountDownLatch

private const val MUCH = 12 * 1024 * 1024

/** Writes much to whoever connects. */
private class Writing(private val made: CountDownLatch, private val bytes: Int) : Protocol() {
    override fun connectionMade() {
        transport.write(ByteArray(bytes))
        made.countDown()
    }
}

private fun ReactorGroup.writing(made: CountDownLatch, bytes: Int): GroupPort = listenTcp(0, {
    Factory { Writing(made, bytes) }
}, "127.0.0.1", 1024, TcpOptions(StreamOptions(writeLimit = 64L * 1024 * 1024))).getOrFail()

private fun Socket.countToEnd() = getInputStream().readAllBytes().size

/** The port of a group is drained by all of its reactors. */
class GroupDrainSpec :
    StringSpec({
        "connections of all reactors send what was written, and the report counts all" {
            withGroup { group ->
                val made = CountDownLatch(4)
                val port = group.writing(made, MUCH)
                val peers = List(4) { port.connect() }
                made.awaitOrFail()
                val drained = port.drain()
                peers.forEach { it.countToEnd() shouldBe MUCH }
                drained.getOrFail() shouldBe DrainReport(4, 0, 0)
                port.isListening shouldBe false
                port.drain().getOrFail() shouldBe DrainReport.NONE
                peers.closeAll()
            }
        }

        "those that do not read are reset at the deadline" {
            withGroup { group ->
                val made = CountDownLatch(4)
                val port = group.writing(made, MUCH)
                val peers = List(4) { port.connect() }
                made.awaitOrFail()
                val report = port.drain(Duration.ofMillis(100)).getOrFail()
                report.connections shouldBe 4
                report.cutConnections shouldBe 4
                report.unsentBytes shouldBeGreaterThan 0
                peers.forEach { shouldThrow<IOException> { it.countToEnd() } }
                shouldThrow<IllegalArgumentException> { port.drain(Duration.ofSeconds(-1)) }
                peers.closeAll()
            }
        }

        "a group that stops drains all of its reactors, and its deadline to close is longer than theirs" {
            val group = ReactorGroup.create(2, ReactorOptions(drainTimeout = Duration.ofMillis(200)))
            group.start()
            val made = CountDownLatch(2)
            val port = group.writing(made, MUCH)
            val peers = List(2) { port.connect() }
            made.awaitOrFail()
            group.close()
            peers.forEach { shouldThrow<IOException> { it.countToEnd() } }
            peers.closeAll()
        }

        "a reactor that has ended while its share is drained holds nothing up" {
            val group = ReactorGroup.create(2, ReactorOptions(drainTimeout = Duration.ofMillis(100)))
            group.start()
            val made = CountDownLatch(2)
            val port = group.writing(made, MUCH)
            val peers = List(2) { port.connect() }
            made.awaitOrFail()
            val drained = port.drain(Duration.ofDays(1))
            group.close()
            runCatching { drained.getOrFail() } // it may fail, since its reactor has ended; but it does not wait for ever
            drained.isDone shouldBe true
            peers.closeAll()
        }
    })
