// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.net.DrainReport
import dev.torsion.testkit.successResultOf
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.tls.Tls
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.time.Duration

private const val MUCH = 1 shl 20

/** A server that ends its connections over TLS. */
class TlsDrainSpec :
    StringSpec({
        fun TlsScene.unread() = listen(Tls.server(IDENTITY)) { Noting({ transport.write(ByteArray(MUCH)) }) }.let { port ->
            val client = connect(port) { Noting({ transport.pauseProducing() }) }
            reactor.flush()
            port to client.noting!!
        }

        "what was written comes before the close alert" {
            TlsScene.run {
                val (port, client) = unread()
                val drained = port.drain()
                reactor.flush()
                drained.called shouldBe false
                client.transport.resumeProducing()
                reactor.flush()
                successResultOf(drained) shouldBe DrainReport(1, 0, 0)
                client.received.length shouldBe MUCH
                client.reason!!.isClean shouldBe true
            }
        }

        "what is cut does not look like an end" {
            TlsScene.run {
                val (port, client) = unread()
                val drained = port.drain(Duration.ofSeconds(1))
                reactor.runFor(Duration.ofSeconds(1))
                val report = successResultOf(drained)
                report.cutConnections shouldBe 1
                report.unsentBytes shouldBeGreaterThan 0
                client.transport.resumeProducing()
                reactor.flush()
                client.reason!!.isClean shouldBe false
            }
        }
    })
