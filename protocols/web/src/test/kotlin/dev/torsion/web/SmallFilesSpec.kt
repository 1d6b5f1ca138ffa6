// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.future.await
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.attribute.FileTime
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

        fun files(name: String, contents: FileContents, test: (folder: Path, ask: (String) -> String) -> Unit) {
            val folder = outside.resolve(name).createDirectories()
            lateinit var files: StaticFiles
            scene(handler = { files.handle(it).await() }) {
                files = StaticFiles.of(reactor, folder).with(contents)
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
