// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Protocol
import dev.torsion.testkit.runReactorTest
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.delay
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.seconds

/** The Kotlin of docs/guide/web.md. */
class WebSpec :
    StringSpec({
        "a server with routes" {
            runReactorTest {
                val reactor = this
                val router = Router {
                    get("/users/{id}") { request -> Response.text("user ${request.parameter("id")}") }
                    post("/shout") { request -> Response.text(request.body.readText().uppercase()) }
                    get("/numbers") { Response.stream("text/plain") { sink -> for (number in 1..1000) sink.write("$number\n") } }
                }
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Site(reactor, router)).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Answers()).await()
                client.ask("GET /users/7 HTTP/1.1\r\nHost: a\r\n\r\n")
                client.ask("POST /shout HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
                client.ask("GET /numbers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "\r\n\r\nuser 7HTTP/1.1 200 OK\r\n"
                client.text shouldContain "\r\n\r\nHELLO"
                client.text shouldContain "1000\n\r\n0\r\n\r\n"
                port.stopListening().await()
            }
        }

        "files below a folder" {
            val folder = tempdir().toPath()
            folder.resolve("a.txt").writeText("file")
            runReactorTest {
                val reactor = this
                val site = Site.of(reactor, StaticFiles.of(reactor, folder))
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(site).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Answers()).await()
                client.ask("GET /a.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "\r\n\r\nfile"
                port.stopListening().await()
            }
        }
    })

private class Answers : Protocol() {
    var text = ""

    fun ask(request: String) = transport.write(request.toByteArray())

    override fun dataReceived(data: ByteArray) {
        text += data.decodeToString()
    }
}
