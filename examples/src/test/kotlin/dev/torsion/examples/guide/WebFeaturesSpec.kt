// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.Portal
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Protocol
import dev.torsion.testkit.runReactorTest
import dev.torsion.web.Gzip
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Sessions
import dev.torsion.web.Site
import dev.torsion.web.cred.BasicScheme
import dev.torsion.web.cred.Guard
import dev.torsion.web.json
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.delay
import kotlinx.serialization.Serializable
import kotlin.time.Duration.Companion.seconds

/** The Kotlin of docs/guide/web.md about what stands around handlers. */
class WebFeaturesSpec :
    StringSpec({
        fun user(id: Int) = Response.text("user $id")

        "routers in routers, filters, JSON and sessions" {
            runReactorTest {
                val reactor = this
                val users = Router { get("/{id:int}") { request -> user(request.intParameter("id")) } }
                val api = Router { mount("/users", users) }
                val site = Site(reactor, api)
                    .with { request, next -> next(request).withHeader("Cache-Control", "no-store") }
                    .with(Gzip.filter())
                    .with(Sessions.inMemory(reactor).filter())
                val other = Router {
                    post("/orders") { request ->
                        val order = request.json<Order>()
                        Response.json(order.copy(count = order.count + 1))
                    }
                    post("/logout") { request ->
                        request.session().end()
                        Response.redirect("/", 303)
                    }
                }
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(site).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Heard()).await()
                client.ask("GET /users/7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                val second = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
                    .listen(Site(reactor, other).with(Sessions.inMemory(reactor).filter())).await()
                val orders = clientFromString(reactor, "tcp:127.0.0.1:${second.port()}").connectProtocol(Heard()).await()
                val body = "{\"company\":\"a\",\"count\":1}"
                val type = "Content-Type: application/json\r\n"
                orders.ask("POST /orders HTTP/1.1\r\nHost: a\r\n${type}Content-Length: ${body.length}\r\n\r\n$body")
                orders.ask("POST /logout HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "\r\nCache-Control: no-store\r\n"
                client.text shouldContain "\r\n\r\nuser 7"
                orders.text shouldContain "{\"company\":\"a\",\"count\":2}"
                orders.text shouldContain "HTTP/1.1 303 "
                port.stopListening().await()
                second.stopListening().await()
            }
        }

        "a guard before a router" {
            runReactorTest {
                val reactor = this
                val users = InMemoryChecker().addUser("joe", "secret")
                val portal = Portal({ id, _, _ -> succeed(Login(User::class.java, User(id.name()))) }, users)
                val guard = Guard<User>(portal, BasicScheme("orders"))
                val router = Router {
                    with(guard.filter())
                    get("/me") { request -> Response.text(guard.avatar(request).name) }
                }
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Site(reactor, router)).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Heard()).await()
                client.ask("GET /me HTTP/1.1\r\nHost: a\r\n\r\n")
                client.ask("GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: Basic am9lOnNlY3JldA==\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "HTTP/1.1 401 "
                client.text shouldContain "\r\n\r\njoe"
                port.stopListening().await()
            }
        }
    }) {
    @Serializable
    private data class Order(val company: String, val count: Int)

    private class User(val name: String)

    private class Heard : Protocol() {
        var text = ""

        fun ask(request: String) = transport.write(request.toByteArray())

        override fun dataReceived(data: ByteArray) {
            text += data.decodeToString()
        }
    }
}
