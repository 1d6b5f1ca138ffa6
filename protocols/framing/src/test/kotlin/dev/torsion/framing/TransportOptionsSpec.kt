// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.endpoint.GroupEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.serverFromString
import dev.torsion.group.ReactorGroup
import dev.torsion.net.TcpOptions
import dev.torsion.net.TcpTransport
import dev.torsion.testkit.runReactorTest
import dev.torsion.testsupport.withRealReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred

private val OPTIONS = ConnectionOptions(transport = TcpOptions(tcpKeepAlive = true))

/** [ConnectionOptions.transport] reaches an endpoint, or is refused with a sentence. */
class TransportOptionsSpec :
    StringSpec({
        suspend fun refused(call: suspend () -> Unit) {
            shouldThrow<IllegalArgumentException> { call() }.message shouldContain "by its withOptions"
        }

        "beside an endpoint that is an object they are refused" {
            runReactorTest {
                val here = serverFromString(this, "tcp:8007")
                val there = clientFromString(this, "tcp:127.0.0.1:8007")
                refused { serve(here, LineCodec(), OPTIONS) {}.await() }
                refused { listen(here, LineCodec(), OPTIONS) {}.await() }
                refused { connect(there, LineCodec(), OPTIONS) }
                refused { openConnection(there, LineCodec(), OPTIONS).await() }
                refused { ConnectionFactory(this, LineCodec(), OPTIONS) {} }
                refused { ConnectionFactories(LineCodec(), OPTIONS) { MessageConnectionHandler {} } }
            }
            ReactorGroup.create(1).use { group ->
                refused { group.serve(GroupEndpoint.fromString("tcp:0"), LineCodec(), OPTIONS) {} }
            }
        }

        "with strings they reach the connections of both sides" {
            withRealReactor {
                val served = CompletableDeferred<Boolean>()
                val port =
                    serve("tcp:0:interface=127.0.0.1", LineCodec(), OPTIONS) { c ->
                        served.complete((c.transport as TcpTransport).tcpKeepAlive)
                    }.await().port()
                val client = connect("tcp:127.0.0.1:$port", LineCodec(), OPTIONS)
                (client.transport as TcpTransport).tcpKeepAlive shouldBe true
                served.await() shouldBe true
                client.close()
            }
        }
    })
