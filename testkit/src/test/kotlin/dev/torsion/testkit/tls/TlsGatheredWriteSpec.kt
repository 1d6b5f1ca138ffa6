// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.tls.Tls
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** A head and direct memory behind it share a record, as they do when both are gathered. */
class TlsGatheredWriteSpec :
    FunSpec({
        val twoRecords = 32_000 // the JDK fills one with somewhat less than 16 KiB

        test("a head and direct memory behind it are as many records as they fill") {
            TlsScene.run {
                val engines = MeasuredEngines()
                val attempt = connect(listen(Tls.server(IDENTITY).withEngines(engines.engines)) { Noting({}) }) { Noting({}) }
                reactor.flush()
                val before = engines.calls
                val head = "h".repeat(200)
                val body = "b".repeat(twoRecords - head.length)
                val server = served.single()
                reactor.callFromThread {
                    server.transport.write(head.toByteArray())
                    server.transport.write(ByteBuffer.allocateDirect(body.length).put(body.toByteArray()).flip())
                }
                reactor.flush()
                engines.calls - before shouldBe 2L
                attempt.noting!!.received shouldBe head + body
            }
        }
    })
