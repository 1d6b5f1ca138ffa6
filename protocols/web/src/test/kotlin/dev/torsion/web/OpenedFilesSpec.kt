// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.FILE_PIECE
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.future.await
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.AccessDeniedException
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.StandardOpenOption.READ
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.concurrent.thread
import kotlin.io.path.appendText
import kotlin.io.path.createDirectories
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeText

/** A file is open before its head is sent, and closed at the end of the request, whatever becomes of that. */
class OpenedFilesSpec :
    FunSpec({
        val outside = tempdir().toPath()
        val large = "a".repeat(3 * FILE_PIECE)

        /** A folder with a large file, whose openings the test sees. */
        class Opened(name: String, private val before: (Path) -> Unit = {}) {
            val folder: Path = outside.resolve(name).createDirectories()
            val path: Path = folder.resolve("large.txt").apply { writeText(large) }
            val channels = ConcurrentLinkedQueue<FileChannel>()
            val open: List<FileChannel> get() = channels.filter { it.isOpen }

            fun files(scene: WebScene) = StaticFiles.of(scene.reactor, folder).withOpening { path ->
                before(path)
                FileChannel.open(path, READ).also(channels::add)
            }
        }

        fun serving(opened: Opened, test: WebScene.(ask: (String) -> String) -> Unit) {
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = opened.files(this)
                val client = connect()
                test { request ->
                    client.send(request)
                    pass(1)
                    client.got()
                }
            }
            opened.open.shouldBeEmpty()
        }

        test("one that is gone, or may not be opened any more, is answered so, and the connection goes on") {
            var failing: (Path) -> Unit = {}
            val opened = Opened("gone") { failing(it) }
            serving(opened) { ask ->
                failing = { throw AccessDeniedException("$it") }
                ask(get("/large.txt")) shouldStartWith "HTTP/1.1 403 "
                failing = { if (Files.exists(it)) it.deleteExisting() }
                val answer = ask(get("/large.txt"))
                answer shouldStartWith "HTTP/1.1 404 "
                answer shouldNotContain "ETag"
            }
        }

        test("with too many open files the answer is 503, which is reported, also for a small file") {
            var failing: (Path) -> Unit = {}
            val opened = Opened("many") { failing(it) }
            opened.folder.resolve("small.txt").writeText("small")
            serving(opened) { ask ->
                failing = { throw FileSystemException("$it", null, "Too many open files") }
                CapturedLogs.start().use { logs ->
                    ask(get("/large.txt")) shouldStartWith "HTTP/1.1 503 "
                    ask(get("/small.txt")) shouldStartWith "HTTP/1.1 503 "
                    logs.flushLoggedErrors().size shouldBe 2
                }
                failing = {}
                ask(get("/large.txt")) shouldEndWith large
                ask(get("/small.txt")) shouldEndWith "\r\n\r\nsmall"
            }
        }

        test("another one that takes its place before it is opened is answered instead, with its own length and tag") {
            var failing: (Path) -> Unit = {}
            val opened = Opened("place") { failing(it) }
            serving(opened) { ask ->
                val tag = ask("HEAD /large.txt HTTP/1.1\r\nHost: a\r\n\r\n").substringAfter("ETag: ").substringBefore("\r\n")
                failing = {
                    failing = {}
                    Files.move(it.resolveSibling("other").apply { writeText("b".repeat(2 * FILE_PIECE)) }, it, REPLACE_EXISTING)
                }
                // The name leads to the new file when it is opened, and what was looked at is the old one.
                val answer = ask(get("/large.txt"))
                answer shouldContain "Content-Length: ${2 * FILE_PIECE}\r\n"
                answer shouldEndWith "b".repeat(2 * FILE_PIECE)
                answer shouldNotContain tag
                failing = {
                    failing = {}
                    it.deleteExisting()
                    it.createDirectories()
                }
                ask(get("/large.txt")) shouldStartWith "HTTP/1.1 301 "
            }
        }

        test("one that grows before it is opened is sent as it is then") {
            var growing: (Path) -> Unit = {}
            val opened = Opened("growing") { growing(it) }
            serving(opened) { ask ->
                growing = { it.appendText("b") }
                val answer = ask(get("/large.txt"))
                answer shouldContain "Content-Length: ${large.length + 1}\r\n"
                answer shouldEndWith large + "b"
                ask(get("/large.txt", "Range: bytes=-1\r\n")) shouldContain
                    "Content-Range: bytes ${large.length + 1}-${large.length + 1}/${large.length + 2}\r\n"
            }
        }

        test("an answer without the file's bytes opens none") {
            val opened = Opened("none")
            serving(opened) { ask ->
                val head = ask("HEAD /large.txt HTTP/1.1\r\nHost: a\r\n\r\n")
                val tag = head.substringAfter("ETag: ").substringBefore("\r\n")
                ask(get("/large.txt", "If-None-Match: $tag\r\n")) shouldStartWith "HTTP/1.1 304 "
                ask(get("/large.txt", "If-Match: \"x\"\r\n")) shouldStartWith "HTTP/1.1 412 "
                ask(get("/large.txt", "Range: bytes=${large.length}-\r\n")) shouldStartWith "HTTP/1.1 416 "
                opened.channels.shouldBeEmpty()
                ask(get("/large.txt", "Range: bytes=2-3\r\n")) shouldEndWith "\r\n\r\naa"
                opened.channels.size shouldBe 1
            }
        }

        test("a client that goes away while the file is opened, or while it takes no more of it, leaves none open") {
            for (isBefore in listOf(true, false)) {
                withClue("before the head: $isBefore") {
                    var opening: () -> Unit = {}
                    val opened = Opened("away$isBefore") { opening() }
                    lateinit var files: StaticFiles
                    scene(handler = { files.handle(it).await() }) {
                        files = opened.files(this)
                        val client = connect()
                        client.transport.pauseProducing()
                        if (isBefore) opening = { reactor.callFromThread { client.transport.abortConnection() } }
                        client.send(get("/large.txt"))
                        pass(1)
                        opened.channels.size shouldBe 1
                        if (!isBefore) {
                            opened.open.size shouldBe 1
                            client.transport.abortConnection()
                            pass(1)
                        }
                        opened.open.shouldBeEmpty()
                        client.length shouldBe 0
                    }
                }
            }
        }

        test("an answer that nobody sends leaves no file open: one that is dropped, one that is late, and one that is cancelled") {
            val dropping = mapOf<String, suspend (StaticFiles, Request) -> Response>(
                "dropped" to { files, request -> files.handle(request).await().let { Response.of(204) } },
                "late" to { files, request -> files.handle(request).await().let { awaitCancellation() } },
                "cancelled" to { files, request -> files.handle(request).toCompletableFuture().cancel(true).let { Response.of(204) } },
            )
            for ((what, handle) in dropping) {
                withClue(what) {
                    val opened = Opened(what)
                    lateinit var files: StaticFiles
                    val options = HttpServerOptions.DEFAULT.withHandlerTimeout(Duration.ofSeconds(5))
                    scene(options, { handle(files, it) }) {
                        files = opened.files(this)
                        val client = connect()
                        client.send(get("/large.txt"))
                        pass(10)
                        client.got() shouldStartWith if (what == "late") "HTTP/1.1 503 " else "HTTP/1.1 204 "
                        opened.open.shouldBeEmpty()
                    }
                }
            }
        }

        test("an answer that is kept and sent again opens its file again") {
            val opened = Opened("again")
            lateinit var files: StaticFiles
            var kept: Response? = null
            scene(handler = { request -> kept ?: files.handle(request).await().also { kept = it } }) {
                files = opened.files(this)
                val client = connect()
                repeat(2) {
                    client.send(get("/large.txt"))
                    pass(1)
                    client.got() shouldEndWith large
                }
                opened.channels.size shouldBe 2
                opened.open.shouldBeEmpty()
            }
        }

        test("the end of the reactor leaves none open") {
            val opened = Opened("end")
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = opened.files(this)
                val client = connect()
                client.transport.pauseProducing()
                client.send(get("/large.txt"))
                pass(1)
                opened.open.size shouldBe 1
            }
            opened.open.shouldBeEmpty()
        }

        test("one that is closed while a thread opens it is closed by that thread, and nothing is opened afterwards") {
            val opens = CountDownLatch(1)
            val mayOpen = CountDownLatch(1)
            val path = outside.resolve("threads").apply { writeText("0123456789") }
            lateinit var channel: FileChannel
            val found = FoundFile(path, FileState.of(path), "text/plain", null, isOfSeveral = false, {
                opens.countDown()
                mayOpen.await(20, SECONDS)
                FileChannel.open(it, READ).also { opened -> channel = opened }
            })
            val reading = FileReading(found)
            val opener = thread { reading.open(found) }
            opens.await(20, SECONDS) shouldBe true
            reading.close()
            mayOpen.countDown()
            opener.join(20_000)
            channel.isOpen shouldBe false
            shouldThrow<IOException> { reading.open(found) }
            shouldThrow<IOException> { reading.read(ByteBuffer.allocate(1), 0) }
        }
    })
