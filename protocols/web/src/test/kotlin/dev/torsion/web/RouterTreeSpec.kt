// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.util.concurrent.CompletableFuture.completedFuture
import java.util.concurrent.CompletionStage

/** Parameters with types, what is mounted in a router, and resources that tell methods apart. */
class RouterTreeSpec :
    FunSpec({
        fun ask(handler: RequestHandler, request: String): String {
            var answer = ""
            scene(handler = handler.suspending()) { answer = connect().ask(request) }
            return answer
        }

        fun body(handler: RequestHandler, path: String) = ask(handler, get(path)).substringAfter("\r\n\r\n")

        test("a parameter with a type takes what is of that type, in one form, and leaves the rest to others") {
            val router = Router {
                get("/n/{n:int}") { Response.text("int ${it.intParameter("n") + 1}") }
                get("/n/{n:long}") { Response.text("long ${it.longParameter("n")}") }
                get("/n/{n:uuid}") { Response.text("uuid ${it.uuidParameter("n")}") }
                get("/n/{n}") { Response.text("text ${it.parameter("n")}") }
                get("/only/{n:int}") { Response.of(204) }
                get("/late/{n}") { Response.text("${it.intParameter("n")}") }
            }
            mapOf(
                "7" to "int 8",
                "-7" to "int -6",
                "007" to "int 8",
                "2147483648" to "long 2147483648",
                "9223372036854775808" to "text 9223372036854775808",
                "+7" to "text +7",
                "7.0" to "text 7.0",
                "%D9%A7" to "text \u00d9\u00a7", // a seven of Arabic, in bytes
                "123e4567-e89b-12d3-a456-426614174000" to "uuid 123e4567-e89b-12d3-a456-426614174000",
                "1-1-1-1-1" to "text 1-1-1-1-1",
            ).forEach { (part, answer) -> withClue(part) { body(router, "/n/$part") shouldBe answer } }
            ask(router, get("/only/x")) shouldStartWith "HTTP/1.1 404 "
            ask(router, get("/only/99999999999999999999999")) shouldStartWith "HTTP/1.1 404 "
            ask(router, get("/late/x")) shouldStartWith "HTTP/1.1 404 "
        }

        test("what is mounted has the rest of the path, and the parameters of the whole") {
            val users = Router {
                get("/") { Response.text("all of ${it.parameter("team")}") }
                get("/{id:int}") {
                    Response.text("${it.parameter("team")} ${it.intParameter("id")} ${it.mountSegments} ${it.pathSegments} ${it.rawPath}")
                }
                mount("/files", Resource.of { completedFuture(Response.text("files ${it.pathSegments} ${it.mountSegments}")) })
            }
            val router = Router {
                get("/teams/x/users/own") { Response.text("own") }
                mount("/teams/{team}/users", users)
                mount("/raw") { Response.text("${it.method} ${it.pathSegments}") }
                mount("/", Resource.tree().putChild("a", Resource.of { completedFuture(Response.text("a")) }))
            }
            body(router, "/teams/x/users/7") shouldBe "x 7 [teams, x, users] [7] /teams/x/users/7"
            body(router, "/teams/x/users") shouldBe "all of x"
            body(router, "/teams/x/users/") shouldBe "all of x"
            body(router, "/teams/x/users/own") shouldBe "own"
            body(router, "/teams/x/users/files/a/b") shouldBe "files [a, b] [teams, x, users, files]"
            ask(router, get("/teams/x/users/none")) shouldStartWith "HTTP/1.1 404 "
            ask(router, get("/teams//users")) shouldStartWith "HTTP/1.1 404 "
            body(router, "/raw") shouldBe "GET []"
            body(router, "/raw/") shouldBe "GET []" // the one name that is left is empty
            body(router, "/a") shouldBe "a"
            ask(router, post("/teams/x/users/own", "")) shouldStartWith "HTTP/1.1 404 " // that of the tree, which takes what is left
            ask(router, post("/teams/x/users/7", "")) shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
            ask(router, "HEAD /teams/x/users/own HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nContent-Length: 3\r\n"
            ask(router, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
        }

        test("a mounted router that has no route lets those behind it try, and says so itself when they have none either") {
            val first = Router {
                get("/both") { Response.text("first") }
                get("/one/{n:int}") { Response.text("int ${it.parameter("n")}") }
                mount("/deep", Router { get("/a") { Response.text("deep a") } })
            }
            val second = Router {
                post("/both") { Response.text("second") }
                get("/both") { Response.text("never") }
                get("/one/{text}") { Response.text("text ${it.parameter("text")} ${it.mountSegments}") }
                get("/deep/b") { Response.text("second b") }
                delete("/only") { Response.text("deleted") }
            }
            val router = Router {
                mount("/api", first)
                mount("/api", second)
                get("/api/own") { Response.text("own") }
            }
            body(router, "/api/both") shouldBe "first"
            ask(router, post("/api/both", "")).substringAfter("\r\n\r\n") shouldBe "second"
            body(router, "/api/one/7") shouldBe "int 7"
            body(router, "/api/one/x") shouldBe "text x [api]"
            body(router, "/api/deep/a") shouldBe "deep a"
            body(router, "/api/deep/b") shouldBe "second b"
            body(router, "/api/own") shouldBe "own"
            ask(router, "HEAD /api/both HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nContent-Length: 5\r\n"
            ask(router, get("/api/none")) shouldStartWith "HTTP/1.1 404 "
            val all = ask(router, "PUT /api/both HTTP/1.1\r\nHost: a\r\n\r\n")
            all shouldStartWith "HTTP/1.1 405 "
            all shouldContain "\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"
            ask(router, "OPTIONS /api/both HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"
            ask(router, get("/api/only")) shouldContain "\r\nAllow: DELETE, OPTIONS\r\n"
        }

        test("a handler of everything takes a path that no router has, and not one that has other methods") {
            val router = Router {
                mount("/api", Router { get("/users") { Response.text("users") } })
                mount("/") { Response.text("page ${it.pathSegments}") }
            }
            body(router, "/api/users") shouldBe "users"
            body(router, "/api/help.html") shouldBe "page [api, help.html]"
            val other = ask(router, "DELETE /api/users HTTP/1.1\r\nHost: a\r\n\r\n")
            other shouldStartWith "HTTP/1.1 405 "
            other shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
        }

        test("a router with a filter answers for all that is below its path: what it guards, nobody else gives away") {
            val guarded = Router {
                get("/users") { Response.text("users") }
                with { request, next -> if ("Authorization" in request.headers) next(request) else Response.error(401) }
            }
            val router = Router {
                mount("/admin", guarded)
                mount("/", Resource.tree().putChild("admin", Resource.of { completedFuture(Response.text("secret")) }))
                get("/admin/later") { Response.text("secret") }
            }
            for (path in listOf("/admin", "/admin/none", "/admin/later", "/admin/users")) {
                withClue(path) { ask(router, get(path)) shouldStartWith "HTTP/1.1 401 " }
            }
            ask(router, get("/admin/none", "Authorization: a\r\n")) shouldStartWith "HTTP/1.1 404 "
            body(router, "/other") shouldContain "404"
        }

        test("nobody behind a guard answers, also where a router before it has the path with other methods") {
            val guard: suspend (Request, suspend (Request) -> Response) -> Response =
                { request, next -> if ("Authorization" in request.headers) next(request) else Response.error(401) }
            val guards = mapOf(
                "a router" to Router {
                    get("/admin") { Response.text("admin") }
                    with(guard)
                },
                "a handler" to requestFilter(guard).around(RequestHandler { completedFuture(Response.text("admin")) }),
            )
            val open = Router { get("/users") { Response.text("users") } }
            val later = Router { post("/users") { Response.text("secret") } }
            for ((kind, guarded) in guards) {
                val flat = Router {
                    mount("/api", open)
                    mount("/api", guarded)
                    mount("/api", later)
                    post("/api/users") { Response.text("secret") }
                }
                val nested = Router {
                    mount(
                        "/",
                        Router {
                            mount("/api", open)
                            mount("/api", guarded)
                        },
                    )
                    mount("/api", later)
                }
                for (router in listOf(flat, nested)) {
                    withClue("$kind in $router") {
                        val answer = ask(router, post("/api/users", ""))
                        answer shouldStartWith "HTTP/1.1 405 "
                        answer shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
                        ask(router, post("/api/others", "")) shouldStartWith "HTTP/1.1 401 "
                        body(router, "/api/users") shouldBe "users"
                    }
                }
            }
        }

        class Counter : Resource() {
            override fun renderGet(request: Request): CompletionStage<Response> = completedFuture(Response.text("count"))

            override fun renderPost(request: Request): CompletionStage<Response> = request.body.bytes().thenApply {
                Response.text("+${it.size}")
            }
        }

        test("a resource answers the methods that it has, and says which these are") {
            val root = Resource.tree().putChild("count", Counter()).putChild("gone", Resource.error(410))
            body(root, "/count") shouldBe "count"
            ask(root, post("/count", "abc")).substringAfter("\r\n\r\n") shouldBe "+3"
            ask(root, "HEAD /count HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nContent-Length: 5\r\n"
            val other = ask(root, "DELETE /count HTTP/1.1\r\nHost: a\r\n\r\n")
            other shouldStartWith "HTTP/1.1 405 "
            other shouldContain "\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"
            ask(root, "BREW /count HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 405 "
            ask(root, "OPTIONS /count HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 204 "
            ask(root, get("/gone/and/below")) shouldStartWith "HTTP/1.1 410 "
        }
    })
