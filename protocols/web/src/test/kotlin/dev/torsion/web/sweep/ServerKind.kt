// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.clock.callLater
import dev.torsion.web.Cors
import dev.torsion.web.FormOptions
import dev.torsion.web.HttpLimits
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Request
import dev.torsion.web.RequestHandler
import dev.torsion.web.Response
import dev.torsion.web.Sessions
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.future.await
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.milliseconds

/** A kind of exchange: what the client sends, and how the site answers it. */
internal open class ServerKind(
    val request: String,
    val reads: Boolean = true,
    val halfCloses: Boolean = false,
    val answers: Int = 1,
    private val handler: suspend ServerProgram.(Request) -> Response,
) {
    /** Where nothing may be left. */
    open val folder: Path? = null

    /** How many bytes come at once, at most. */
    open val pieces: Int = 100

    open fun site(program: ServerProgram, options: HttpServerOptions): Site = Site(program.reactor, options) { request ->
        answer(program, request)
    }

    protected suspend fun answer(program: ServerProgram, request: Request): Response = program.handling {
        if (request.target == "/next") Response.text("for /next") else program.handler(request)
    }
}

internal fun get(fields: String = "", version: String = "1.1", path: String = "/first") =
    "GET $path HTTP/$version\r\nHost: a\r\nConnection: close\r\n$fields\r\n"

private fun streamed(): suspend ServerProgram.(Request) -> Response = {
    Response.stream("a/b") { sink ->
        writing {
            repeat(4) {
                callInCoroutine("write")
                sink.write("x".repeat(600))
            }
        }
    }
}

internal fun serverKinds(folder: Path, files: Path): Map<String, () -> ServerKind> = mapOf(
    "bytes" to { ServerKind(get()) { Response.text("first") } },
    "a stream" to { ServerKind(get(), handler = streamed()) },
    "a stream for a client that never reads" to { ServerKind(get(), reads = false, handler = streamed()) },
    "a stream until the end" to { ServerKind(get(version = "1.0"), handler = streamed()) },
    "a stream for a client that half-closes" to { ServerKind(get(), halfCloses = true, handler = streamed()) },
    "a flow, whose head waits" to {
        ServerKind(get()) {
            val pieces = flow {
                writing {
                    delay(1)
                    repeat(4) {
                        callInCoroutine("emit")
                        emit(ByteArray(600))
                    }
                }
            }
            Response.stream("a/b", pieces)
        }
    },
    "a flow that comes too late" to {
        ServerKind(get()) { Response.stream("a/b", flow { writing { delay(60_000) } }) }
    },
    "pieces of an iterator" to { ServerKind(get()) { Response.streaming("a/b") { it.sendAll(pieces()) } } },
    "pieces of an iterator for a client that never reads" to {
        ServerKind(get(), reads = false) { Response.streaming("a/b") { it.sendAll(pieces()) } }
    },
    "pieces that threads are asked for" to { ServerKind(get()) { Response.streaming("a/b") { it.sendAllInThread(pieces()) } } },
    "a handler that waits" to {
        ServerKind(get()) {
            repeat(3) { delay(2) }
            Response.text("first")
        }
    },
    "requests ahead" to {
        val many = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3) + get()
        ServerKind(many, answers = 4) {
            delay(1)
            Response.text("x".repeat(600))
        }
    },
    "a future" to { OfFuture() },
    "a body that is read" to {
        val head = "POST /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        ServerKind("${head}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n") {
            Response.bytes(it.body.readBytes(), "a/b")
        }
    },
    "a body that never comes" to {
        ServerKind("POST /first HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\nabc", answers = 2) {
            Response.bytes(it.body.readBytes(), "a/b")
        }
    },
    "an upload" to { Uploaded(folder) },
    "a file" to { OfFile(files) },
    "a session and a preflight" to { Filtered() },
    "a body that is too large" to {
        ServerKind("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc") { Response.text("x") }
    },
    "a head that is too large" to { ServerKind(get("A: ${"x".repeat(900)}\r\n")) { Response.text("x") } },
    "a head that never ends" to { ServerKind("GET /first HTTP/1.1\r\nHost: a\r\n") { Response.text("x") } },
    "a client that never speaks" to { ServerKind("", answers = 0) { Response.text("x") } },
)

/** It is completed twice, and by others. */
private class OfFuture : ServerKind(get(), handler = { error("never") }) {
    override fun site(program: ServerProgram, options: HttpServerOptions): Site {
        val handler = RequestHandler { request ->
            val answer = CompletableFuture<Response>()
            program.call("handler")
            if (request.target == "/next") {
                answer.complete(Response.text("for /next"))
            } else {
                program.maybe("answer") { answer.cancel(false) }
                program.maybe("other answer") { answer.complete(Response.text("other")) }
                program.planned(program.reactor.callLater(2.milliseconds) { answer.complete(Response.text("first")) })
                program.planned(program.reactor.callLater(3.milliseconds) { answer.complete(Response.text("first again")) })
            }
            answer
        }
        return Site(program.reactor, handler, options)
    }
}

private class Uploaded(override val folder: Path) :
    ServerKind(UPLOAD, handler = { request ->
        val form = request.form(FormOptions.DEFAULT.withMemoryBytes(0).withFolder(folder)).await()
        callInCoroutine("form")
        Response.bytes(form.files().single().readBytes(), "a/b")
    }) {
    private companion object {
        val BODY = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"g\"\r\n\r\n${"abc".repeat(50)}\r\n--b--\r\n"
        val UPLOAD = "POST /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b\r\n" +
            "Content-Length: ${BODY.length}\r\n\r\n$BODY"
    }
}

private class OfFile(private val files: Path) : ServerKind(get(path = "/file"), handler = { error("never") }) {
    override val pieces = 40_000

    override fun site(program: ServerProgram, options: HttpServerOptions): Site {
        val static = StaticFiles.of(program.reactor, files)
        return Site(program.reactor, options) { request ->
            if (request.target == "/next") answer(program, request) else program.handling { static.handle(request).await() }
        }
    }
}

private class Filtered :
    ServerKind(
        "OPTIONS /first HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nAccess-Control-Request-Method: PUT\r\n\r\n" +
            get("Origin: http://b\r\n"),
        answers = 2,
        handler = { request ->
            request.session()["a"] = "b"
            Response.text("x")
        },
    ) {
    override fun site(program: ServerProgram, options: HttpServerOptions): Site = super.site(program, options)
        .with(Cors.builder().origins("http://b").methods("PUT").build())
        .with(Sessions.inMemory(program.reactor).filter())
}

internal val SMALL: HttpLimits = HttpLimits.DEFAULT.withMaxHeadBytes(800).withMaxBodyBytes(500)
