// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.await
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.DrainReport
import dev.torsion.net.DrainTimeoutException
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import java.time.Duration

private val ample = TcpOptions(StreamOptions(writeLimit = 1L shl 30))
private val soon = Duration.ofMillis(200)
private val late = Duration.ofSeconds(25)

/** A port that ends its connections loses nothing in silence. */
internal val draining: Checks =
    checks {
        "a port that drains sends what was written, however late the peer reads, and the peer sees a clean end" {
            val server = peer()
            val client = peer { onMade = { transport.pauseProducing() } }
            val port = listenAndConnect(server, client, ample)
            val written = fill(server.transport)
            val drained = port.drain(late)
            turn()
            expect(!port.isListening) { "it takes no more connections" }
            expect(!server.isLost && !drained.called) { "there is still something to send" }
            client.transport.resumeProducing()
            until("both ends are closed") { server.isLost && client.isLost }
            expectEqual(drained.await(), DrainReport(1, 0, 0), "the report")
            expectEqual(client.receivedBytes, written, "bytes that have arrived")
            expect(expectIs<ConnectionDone>(client.reason).isClean) { "a clean end: ${client.reason}" }
            expectEqual(expectIs<ConnectionDone>(server.reason).by, ClosedBy.US, "who closed the server's end")
        }

        "a port that drains resets what its peers do not take in time, and reports it" {
            val server = peer()
            val client = peer { onMade = { transport.pauseProducing() } }
            val port = listenAndConnect(server, client, ample)
            fill(server.transport)
            val report = port.drain(soon).await()
            expect(server.isLost) { "it has ended before the report comes" }
            val reason = expectIs<ConnectionAborted>(server.reason)
            expectEqual(expectIs<DrainTimeoutException>(reason.cause).timeout, soon, "the time that the peer was given")
            expect(reason.unsentBytes > 0 && !reason.isClean) { "bytes were left: $reason" }
            expectEqual(report, DrainReport(1, 1, reason.unsentBytes), "the report")
            client.transport.resumeProducing()
            until("the peer knows") { client.isLost }
            expectIs<ConnectionLost>(client.reason)
        }

        "without time a port cuts at once, and a connection with nothing to send still ends cleanly" {
            val full = peer()
            val slow = peer { onMade = { transport.pauseProducing() } }
            val port = listenAndConnect(full, slow, ample)
            fill(full.transport)
            val report = port.drain(Duration.ZERO).await()
            expectEqual(report.connections to report.cutConnections, 1 to 1, "connections, and how many were cut")
            slow.transport.resumeProducing()
            until("the slow peer knows") { slow.isLost }
            expectIs<ConnectionLost>(slow.reason)

            val idle = peer()
            val client = peer()
            expectEqual(listenAndConnect(idle, client).drain(late).await(), DrainReport(1, 0, 0), "the report of an idle connection")
            until("both ends are closed") { idle.isLost && client.isLost }
            expectIs<ConnectionDone>(client.reason)
        }

        "a port without connections drains at once, and leaves those of other ports alone" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val other = peer()
            val otherClient = peer()
            val port = listenAndConnect(other, otherClient)
            otherClient.transport.loseConnection()
            until("the other connection is gone") { other.isLost && otherClient.isLost }
            expectEqual(port.drain(late).await(), DrainReport.NONE, "the report")
            client.transport.write(pattern(10))
            until("the first connection works") { server.receivedBytes == 10 }
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
        }

        "a second drain of a port waits for the same ends, with its own time" {
            val server = peer()
            val client = peer { onMade = { transport.pauseProducing() } }
            val port = listenAndConnect(server, client, ample)
            fill(server.transport)
            val patient = port.drain(late)
            val hasty = port.drain(soon)
            expectEqual(hasty.await().cutConnections, 1, "connections that the second has cut")
            expectEqual(patient.await().connections, 1, "connections of the first")
            expectThrows<IllegalArgumentException> { port.drain(Duration.ofNanos(-1)) }
            client.transport.resumeProducing()
            until("the peer knows") { client.isLost }
        }
    }
