// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.web.Live.inFolder
import dev.torsion.web.Live.serving
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import java.util.concurrent.atomic.AtomicInteger
import kotlin.io.path.div
import kotlin.io.path.writeText

/** Clients that send as much as they can: each request has its answer, and none too many. */
class LiveLoadSpec :
    FunSpec({
        val handled = AtomicInteger()
        val router = Router {
            get("/hello") { Response.text("hello").also { handled.incrementAndGet() } }
            post("/echo") { request ->
                Response.bytes(request.body.readBytes(), "application/octet-stream").also { handled.incrementAndGet() }
            }
            get("/stream") {
                handled.incrementAndGet()
                Response.stream("text/plain") { sink -> repeat(10) { sink.write("0123456789") } }
            }
        }
        beforeTest { handled.set(0) }

        fun number(output: String, pattern: String) = Regex(pattern).find(output)!!.groupValues[1].toInt()

        fun wrk(base: String, path: String, vararg more: String): Int {
            val output = Tool.run("wrk", "-t1", "-c$CONNECTIONS", "-d1s", *more, "$base$path")
            output shouldNotContain "Socket errors"
            output shouldNotContain "Non-2xx"
            return number(output, """(\d+) requests in""")
        }

        for (path in listOf("/hello", "/stream")) {
            test("wrk: $path on many connections").config(enabledOrReasonIf = { Tool.wrk }) {
                serving(router) { base ->
                    val done = wrk(base, path)
                    done shouldBeGreaterThan 100
                    handled.get() shouldBeInRange done..done + CONNECTIONS // those under way when its time was over
                }
            }
        }

        test("wrk: 16 requests ahead on each connection").config(enabledOrReasonIf = { Tool.wrk }) {
            inFolder { folder ->
                val script = (folder / "ahead.lua").apply {
                    writeText(
                        """
                        function init(args)
                          local one = wrk.format("GET", "/hello")
                          all = string.rep(one, 16)
                        end
                        function request() return all end
                        """.trimIndent(),
                    )
                }
                serving(router) { base ->
                    val done = wrk(base, "/hello", "-s", "$script")
                    done shouldBeGreaterThan 100
                    handled.get() shouldBeInRange done..done + 16 * CONNECTIONS
                }
            }
        }

        fun ab(base: String, path: String, vararg more: String): String {
            val output = Tool.run("ab", "-q", "-n", "$REQUESTS", "-c", "$CONNECTIONS", *more, "$base$path")
            number(output, """Complete requests: +(\d+)""") shouldBe REQUESTS
            number(output, """Failed requests: +(\d+)""") shouldBe 0
            output shouldNotContain "Non-2xx"
            handled.get() shouldBeInRange REQUESTS..REQUESTS + CONNECTIONS
            return output
        }

        test("ab: HTTP/1.0, a connection for each request").config(enabledOrReasonIf = { Tool.ab }) {
            serving(router) { base -> ab(base, "/hello") }
        }

        test("ab: HTTP/1.0 with connections that stay").config(enabledOrReasonIf = { Tool.ab }) {
            serving(router) { base -> number(ab(base, "/hello", "-k"), """Keep-Alive requests: +(\d+)""") shouldBe REQUESTS }
        }

        test("ab: posts").config(enabledOrReasonIf = { Tool.ab }) {
            inFolder { folder ->
                val body = (folder / "body").apply { writeText("x".repeat(20_000)) }
                serving(router) { base ->
                    val output = ab(base, "/echo", "-k", "-T", "application/octet-stream", "-p", "$body")
                    number(output, """HTML transferred: +(\d+)""") shouldBe REQUESTS * 20_000
                }
            }
        }
    }) {
    private companion object {
        const val CONNECTIONS = 32
        const val REQUESTS = 2000
    }
}
