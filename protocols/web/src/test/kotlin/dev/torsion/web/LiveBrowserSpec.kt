// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.Reactor
import dev.torsion.web.Live.inFolder
import dev.torsion.web.Live.servingSite
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.future.await
import java.awt.image.BufferedImage
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import javax.imageio.ImageIO
import kotlin.io.path.createDirectory
import kotlin.io.path.div
import kotlin.io.path.readText
import kotlin.io.path.writeBytes

/** A browser loads a page of ours. The page does what pages do, and posts what it has seen: nothing here depends on how long it takes. */
class LiveBrowserSpec :
    FunSpec({
        test("Chromium: a page with its assets, forms, uploads, a cookie, conditions, a stream that is aborted, events").config(
            enabledOrReasonIf = { Tool.chromium },
        ) {
            inFolder { folder ->
                val assets = (folder / "assets").createDirectory()
                for (name in listOf("index.html", "style.css", "page.js")) {
                    (assets / name).writeBytes(LiveBrowserSpec::class.java.getResource("browser/$name")!!.readBytes())
                }
                ImageIO.write(BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB), "png", (assets / "image.png").toFile())
                val page = Page(assets)
                servingSite({ page.site(it) }) { base ->
                    Chromium(folder, "$base/").use { browser ->
                        browser.waitFor(page.seen) shouldBe
                            """{"image":"3x2","colour":"rgb(1, 2, 3)","json":true,"form":"Jürgen & co, [name, empty]",""" +
                            """"upload":"a text, a file.bin: 200000","count":"5000000","cookie":"a=b","again":200,"part":"Does",""" +
                            """"redirected":"/json?n=7",""" +
                            """"missing":404,"endless":true,"events":["1:one","2:two\nlines","3:after 2","4:four","5:five"]}"""
                        browser.waitFor(page.endlessEnds)
                        browser.waitFor(page.eventsEnd)
                        page.unchanged shouldContain "/assets/style.css"
                    }
                }
            }
        }
    })

/** The requests of the page. */
private class Page(private val assets: Path) {
    val seen = CompletableFuture<String>()

    /** Done when the handlers of streams have been told that nobody listens any more. */
    val endlessEnds = CompletableFuture<Unit>()
    val eventsEnd = CompletableFuture<Unit>()

    /** The paths that were answered with 304. */
    val unchanged = ConcurrentLinkedQueue<String>()

    fun site(reactor: Reactor): Site {
        val files = StaticFiles.of(reactor, assets)
        val router = Router {
            get("/assets/{file...}") { request ->
                files.under("/assets").handle(request).await().also { if (it.status == 304) unchanged.add(request.rawPath) }
            }
            get("/json") { Response.bytes("{\"n\": ${it.query("n")}}".toByteArray(), "application/json") }
            get("/old") { Response.redirect("/json?n=7") }
            get("/cookie") { Response.of(204).withHeader("Set-Cookie", "a=b; Path=/; SameSite=Lax") }
            post("/form") { request -> Response.text(request.readForm().let { "${it["name"]}, ${it.names()}" }) }
            post("/upload") { request ->
                val form = request.readForm()
                val file = form.file("file")!!
                Response.text("${form["text"]}, ${file.fileName}: ${file.size}")
            }
            put("/count") { request ->
                var count = 0
                while (true) count += (request.body.read() ?: break).size
                Response.text("$count")
            }
            get("/endless") {
                Response.stream("application/octet-stream") { sink ->
                    endlessEnds.atEnd { while (true) sink.write(ByteArray(100_000)) }
                }
            }
            get("/events") { events(it.headers["Last-Event-ID"]) }
            post("/seen") { request -> Response.of(204).also { seen.complete(request.body.readText()) } }
            on("GET", "/{file...}") { files.handle(it).await() }
        }
        return Site(reactor, router)
    }

    /** The first stream ends behind its second event, so that the browser comes back and says what it has. */
    private fun events(last: String?) = Response.stream("text/event-stream") { sink ->
        if (last == null) {
            sink.write("retry: 10\n\n: a comment\n\nevent: tick\nid: 1\ndata: one\n\n")
            sink.write("event: tick\nid: 2\ndata: two\ndata: lines\n\n")
        } else {
            sink.write("event: tick\nid: 3\ndata: after $last\n\n")
            sink.write("event: tick\nid: 4\ndata: four\n\nevent: tick\nid: 5\ndata: five\n\n")
            eventsEnd.atEnd { awaitCancellation() }
        }
    }.withHeader("Cache-Control", "no-store")

    private suspend fun CompletableFuture<Unit>.atEnd(block: suspend () -> Unit) {
        try {
            block()
        } finally {
            complete(Unit)
        }
    }
}

/** A browser without a window, which opens [url] and keeps its things in [folder]. */
private class Chromium(folder: Path, url: String) : AutoCloseable {
    private val output = folder / "chromium.log"
    private val process =
        ProcessBuilder(
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
            "--user-data-dir=${folder / "profile"}", url,
        ).redirectErrorStream(true).redirectOutput(output.toFile()).start()

    fun <T> waitFor(future: CompletableFuture<T>): T = try {
        CompletableFuture.anyOf(future, process.onExit()).get(90, TimeUnit.SECONDS)
        check(future.isDone) { "Chromium has ended: ${output.readText().takeLast(MOST)}" }
        future.get()
    } catch (e: TimeoutException) {
        throw AssertionError("The page has not told what it has seen: ${output.readText().takeLast(MOST)}", e)
    } catch (e: ExecutionException) {
        throw e.cause ?: e
    }

    override fun close() {
        val all = process.descendants().toList() + process.toHandle()
        all.forEach { it.destroyForcibly() }
        all.forEach { it.onExit().get(10, TimeUnit.SECONDS) }
    }

    private companion object {
        const val MOST = 3000
    }
}
