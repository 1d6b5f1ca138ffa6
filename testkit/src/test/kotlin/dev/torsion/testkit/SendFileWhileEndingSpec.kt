// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Protocol
import dev.torsion.reactor.sendFile
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeBytes

private class FileEnd : Protocol() {
    var count = 0
    var reason: CloseReason? = null

    override fun dataReceived(data: ByteArray) {
        count += data.size
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

class SendFileWhileEndingSpec :
    StringSpec({
        "a file for a peer that has ended the connection is not said to be sent" {
            val file = Files.createTempFile("torsion", ".bin").apply { writeBytes(ByteArray(1_000_000)) }
            MemoryReactor().use { reactor ->
                reactor.suggestThreadPoolSize(1)
                val server = FileEnd()
                val client = FileEnd()
                val port = reactor.listenTcp(0, Factory { server })
                reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client })
                reactor.flush()
                client.transport.pauseProducing()
                val written = reactor.network.window + 1_000
                server.transport.write(ByteArray(written))
                (client.transport as HalfCloseableTransport).loseWriteConnection()
                reactor.flush()
                server.transport.isDisconnecting shouldBe true
                val outcome = ArrayList<Any>()
                reactor.sendFile(file, server.transport).addCallbacks({ outcome.add(it) }, { outcome.add(it.value) })
                repeat(20) { reactor.await(reactor.deferToThread { }) } // longer than it takes to read all of it
                client.transport.resumeProducing()
                reactor.flush()
                client.count shouldBe written
                outcome.single() shouldBe server.reason
            }
            file.deleteExisting()
        }
    })
