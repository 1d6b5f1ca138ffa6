// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.future.await
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.attribute.FileTime
import java.time.Duration
import java.time.Instant
import kotlin.io.path.createDirectories
import kotlin.io.path.deleteExisting
import kotlin.io.path.setLastModifiedTime
import kotlin.io.path.writeText

/** Files whose bytes are in memory are answered as those on the disk are. */
class SmallFilesSpec :
    FunSpec({
        val outside = tempdir().toPath()
        val old = FileTime.from(Instant.parse("1994-11-06T08:49:37Z"))
        val later = { Instant.now().plusSeconds(60) } // all files here are old for it

        fun file(path: Path, text: String): Path = path.apply { writeText(text) }.setLastModifiedTime(old)

        fun files(
            name: String,
            contents: FileContents,
            age: Duration = Duration.ZERO,
            test: (folder: Path, ask: (String) -> String) -> Unit,
        ) {
            val folder = outside.resolve(name).createDirectories()
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder).with(contents).withCacheAge(age)
                val client = connect()
                test(folder) { path ->
                    client.send(get(path))
                    pass(1)
                    client.got()
                }
            }
        }

        fun body(answer: String) = answer.substringAfter("\r\n\r\n")

        test("a second answer is the same to the byte") {
            val contents = FileContents(100_000, later)
            files("same", contents) { folder, ask ->
                file(folder.resolve("a.txt"), "0123456789")
                val first = ask("/a.txt")
                contents.size shouldBe 1034L
                ask("/a.txt") shouldBe first
                body(first) shouldBe "0123456789"
            }
        }

        test("a change of any kind is seen by the next request, also one of the same size that keeps the time") {
            val secret = file(outside.resolve("secret"), "secret")
            mapOf<String, (Path) -> Any>(
                "written over" to { file(it, "new456789A") },
                "another file" to { Files.move(file(it.resolveSibling("b.txt"), "new456789A"), it, REPLACE_EXISTING) },
                "deleted" to { it.deleteExisting() },
                "a link to outside" to {
                    it.deleteExisting()
                    Files.createSymbolicLink(it, secret)
                },
                "a folder" to {
                    it.deleteExisting()
                    it.createDirectories()
                },
                "a pipe" to {
                    it.deleteExisting()
                    ProcessBuilder("mkfifo", it.toString()).start().waitFor() shouldBe 0
                },
                "a folder before it is a link" to {
                    Files.move(it.parent, outside.resolve("moved"))
                    Files.createSymbolicLink(it.parent, outside.resolve("moved"))
                },
            ).forEach { (what, change) ->
                withClue(what) {
                    val contents = FileContents(100_000, later)
                    files(what, contents) { folder, ask ->
                        val path = file(folder.resolve("sub").createDirectories().resolve("a.txt"), "0123456789")
                        body(ask("/sub/a.txt")) shouldBe "0123456789"
                        contents.size shouldBeGreaterThan 0
                        change(path)
                        when (what) {
                            "written over", "another file" -> body(ask("/sub/a.txt")) shouldBe "new456789A"
                            "a folder" -> ask("/sub/a.txt") shouldStartWith "HTTP/1.1 301 "
                            else -> ask("/sub/a.txt") shouldStartWith "HTTP/1.1 404 "
                        }
                    }
                }
            }
        }

        test("within the age of the cache nobody looks; what is sent is all of one state, and a change is seen behind it") {
            val contents = FileContents(100_000, later)
            files("aged", contents, Duration.ofSeconds(10)) { folder, ask ->
                fun parts(answer: String) = listOf("ETag", "Last-Modified").map { name ->
                    answer.lines().single { it.startsWith("$name: ") }
                } + body(answer)
                val path = file(folder.resolve("a.txt"), "0123456789")
                val before = parts(ask("/a.txt"))
                Files.move(folder.resolve("b.txt").apply { writeText("new45") }, path, REPLACE_EXISTING)
                repeat(8) { parts(ask("/a.txt")) shouldBe before }
                ask("/a.txt?v=2")
                ask("/a.txt")
                val after = parts(ask("/a.txt"))
                after.last() shouldBe "new45"
                after.zip(before).forEach { (new, old) -> new shouldNotBe old }
                path.deleteExisting()
                parts(ask("/a.txt")) shouldBe after
                repeat(10) { ask("/none") }
                ask("/a.txt") shouldStartWith "HTTP/1.1 404 "
            }
        }

        test("one second is the age, and one that is negative is refused") {
            val folder = outside.resolve("default").createDirectories()
            val path = file(folder.resolve("a.txt"), "0123456789")
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder).with(FileContents(100_000, later))
                val client = connect()
                body(client.ask(get("/a.txt"))) shouldBe "0123456789"
                path.writeText("new")
                body(client.ask(get("/a.txt"))) shouldBe "0123456789"
                pass(1)
                body(client.ask(get("/a.txt"))) shouldBe "new"
                shouldThrow<IllegalArgumentException> { files.withCacheAge(Duration.ofNanos(-1)) }
            }
        }

        test("conditions, ranges and heads of a file in memory need no look within its age") {
            var looks = 0
            val folder = outside.resolve("conditions").createDirectories()
            file(folder.resolve("a.txt"), "0123456789")
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder).with { path: Path -> Files.isReadable(path).also { looks++ } }
                    .with(FileContents(100_000, later)).withCacheAge(Duration.ofDays(1))
                val client = connect()
                val tag = client.ask(get("/a.txt")).substringAfter("ETag: ").substringBefore("\r\n")
                looks shouldBe 1
                client.ask(get("/a.txt", "If-None-Match: $tag\r\n")) shouldStartWith "HTTP/1.1 304 "
                body(client.ask(get("/a.txt", "Range: bytes=2-3\r\n"))) shouldBe "23"
                client.ask("HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 200 "
                looks shouldBe 1
            }
        }

        test("a file that is asked for again goes to direct memory, and is answered as before, whole, in parts and compressed") {
            val text = String(CharArray(64 * 1024) { 'a' + it % 26 })
            for (size in listOf(text.length, 16 * 1024, 16 * 1024 - 1)) {
                withClue(size) {
                    val contents = FileContents(100_000, later)
                    val folder = outside.resolve("again$size").createDirectories()
                    val path = file(folder.resolve("a.txt"), text.take(size)).toRealPath()
                    lateinit var files: StaticFiles
                    val gzip = Gzip.filter()
                    scene(handler = { request -> gzip.filter(request, files).await() }) {
                        files = StaticFiles.of(reactor, folder).with(contents).withCacheAge(Duration.ZERO)
                        val client = connect()
                        val first = client.ask(get("/a.txt"))
                        repeat(3) { client.ask(get("/a.txt")) shouldBe first }
                        body(first) shouldBe text.take(size)
                        body(client.ask(get("/a.txt", "Range: bytes=5-7\r\n"))) shouldBe text.substring(5, 8)
                        client.ask("HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "Content-Length: $size\r\n"
                        val found =
                            FoundFile(path, FileState.of(path), "text/plain; charset=utf-8", null, isOfSeveral = false, { error("") })
                        contents.known(found)!!.bytes!!.isDirect shouldBe (size >= 16 * 1024)
                        contents.size shouldBe size + 1024L
                        client.ask(get("/a.txt", "Accept-Encoding: gzip\r\n")) shouldContain "Content-Encoding: gzip\r\n"
                    }
                }
            }
        }

        test("a file that was changed just now, and any file without a cache, is read each time") {
            for (contents in listOf(FileContents(100_000), FileContents(0, later))) {
                files("young${contents.limit}", contents) { folder, ask ->
                    file(folder.resolve("a.txt"), "0123456789")
                    body(ask("/a.txt")) shouldBe "0123456789"
                    contents.size shouldBe 0
                    body(ask("/a.txt")) shouldBe "0123456789"
                }
            }
            scene(handler = { Response.of(204) }) {
                shouldThrow<IllegalArgumentException> { StaticFiles.of(reactor, outside).withCache(-1) }
            }
        }

        test("requests at the same time share one look, and each gets its answer") {
            val contents = FileContents(100_000, later)
            val folder = outside.resolve("many").createDirectories()
            file(folder.resolve("a.txt"), "0123456789")
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder).with(contents)
                val clients = List(50) { connect() }
                clients.forEach { it.send(get("/a.txt")) }
                clients[7].transport.abortConnection()
                pass(1)
                clients.filterIndexed { i, _ -> i != 7 }.map { body(it.got()) }.toSet() shouldBe setOf("0123456789")
            }
        }
    })
