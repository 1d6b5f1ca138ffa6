// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.framing.LineCodec
import dev.torsion.framing.connect
import dev.torsion.framing.serve
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext
import kotlin.time.Duration.Companion.hours

private class Echoing : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data)
}

/** The Kotlin of docs/guide/testing.md. */
class TestingGuideSpec :
    StringSpec({
        "a server of lines" {
            runReactorTest(timeout = 2.hours) { reactor ->
                val port = serve("tcp:8007", LineCodec()) { connection ->
                    for (line in connection.incoming) connection.send(line.uppercase())
                }
                val client = connect("tcp:127.0.0.1:8007", LineCodec())
                client.send("hello")
                client.receive() shouldBe "HELLO"
                delay(1.hours) // takes no time
                val text = withContext(Dispatchers.IO) { "read from a disk" } // time stands still meanwhile
                client.send(text)
                client.receive() shouldBe "READ FROM A DISK"
            }
        }

        "a protocol alone" {
            val transport = StringTransport().connect(Echoing())
            transport.receive("hello")
            transport.text() shouldBe "hello"
            transport.isStalled = true // the peer reads no more
            transport.receive("more")
            transport.bufferedBytes shouldBe 4
            transport.lose()
        }
    })
