// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.testkit.CapturedLogs
import org.slf4j.event.Level
import java.util.concurrent.TimeUnit

/** A reactor that stops loses nothing in silence. Its peer runs on another reactor. */
internal val stopping: ReactorChecks =
    reactorChecks {
        "a reactor that stops sends what was written, however late the peer reads, and the peer sees a clean end" {
            withPeer { peer, late ->
                val writer = Writer()
                connectAndStop(peer, late, writer)
                on(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                    reactor.callLater(0, TimeUnit.SECONDS) {
                        note("${reactor.state} while it is lost: ${writer.reason != null}")
                        peer.reactor.callFromThread { late.transport.resumeProducing() }
                    }
                    null
                }
                run()
                expectStory("ENDING while it is lost: false")
                peer.await { late.lost }
                expect(late.reason!!.isClean) { "the peer sees a clean end: ${late.reason}" }
                expectEqual(late.received, writer.written, "bytes that have arrived")
                expectEqual(writer.reason!!.unsentBytes to writer.reason!!.by, 0L to ClosedBy.US, "bytes left, and who has closed")
            }
        }

        "a reactor that stops resets what its peers do not take within the drainTimeout, and the log says so" {
            withPeer(stopsSoon = true) { peer, late ->
                val writer = Writer()
                connectAndStop(peer, late, writer)
                CapturedLogs.start().use { logs ->
                    run()
                    expect(logs.events(Level.WARN).any { "were reset" in it.message }) { "the cut is in the log: ${logs.messages()}" }
                }
                expect(expectIs<ConnectionLost>(writer.reason).unsentBytes > 0) { "bytes were left: ${writer.reason}" }
                peer.reactor.callFromThread { late.transport.resumeProducing() }
                peer.await { late.lost }
                expect(!late.reason!!.isClean) { "the peer sees a cut: ${late.reason}" }
            }
        }
    }

/** Runs [body] with a peer, and the protocol of the peer's end. */
private fun ReactorScene.withPeer(stopsSoon: Boolean = false, body: ReactorScene.(StreamHarness, Late) -> Unit) {
    if (stopsSoon) willStopSoon()
    peer().use { body(it, Late()) }
}

/** Once it runs, [writer] connects to [late] of the peer and fills the connection, and then the reactor stops. */
private fun ReactorScene.connectAndStop(peer: StreamHarness, late: Late, writer: Writer) {
    val wide = TcpOptions(StreamOptions(writeLimit = 1L shl 30))
    reactor.callWhenRunning {
        peer.reactor.callFromThread {
            val place = peer.listen(Factory { late }.apply { isNoisy = false }, wide).host() as InternetAddress
            reactor.callFromThread {
                reactor.connectTcp(place.host, place.port, ClientFactory { writer }.apply { isNoisy = false }, options = wide)
            }
        }
    }
    late.whenMade = { reactor.callFromThread { writer.fill { reactor.stop() } } }
}

/** Its end does not read until it is told to. */
private class Late : Protocol() {
    var whenMade: () -> Unit = {}
    var received = 0L
    var reason: CloseReason? = null
    val lost = Deferred<Unit>()

    override fun connectionMade() {
        transport.pauseProducing()
        whenMade()
    }

    override fun dataReceived(data: ByteArray) {
        received += data.size
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
        lost.callback(Unit)
    }
}

private class Writer : Protocol() {
    private var whenFull: (() -> Unit)? = null
    private var isMade = false
    var written = 0L
    var reason: CloseReason? = null

    override fun connectionMade() {
        isMade = true
        begin()
    }

    /** Writes more than fits on the way to a peer that does not read; then calls [full]. */
    fun fill(full: () -> Unit) {
        whenFull = full
        begin()
    }

    private fun begin() {
        val full = whenFull ?: return
        if (!isMade) return
        while (written < MUCH) {
            transport.write(ByteArray(PIECE))
            written += PIECE
        }
        full()
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }

    private companion object {
        const val PIECE = 1 shl 20

        /** The operating system keeps some megabytes for a peer that does not read. */
        const val MUCH = 24L shl 20
    }
}
