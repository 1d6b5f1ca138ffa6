// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.FILE_PIECE
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.createDirectories
import kotlin.io.path.name
import kotlin.io.path.setPosixFilePermissions
import kotlin.io.path.writeText

/** A file that the system does not let us read is refused with a whole answer, and not begun and cut. */
class UnreadableFilesSpec :
    FunSpec({
        val outside = tempdir().toPath()

        fun site(name: String): Path = outside.resolve(name).createDirectories().also { folder ->
            folder.resolve("secret.txt").writeText("secret")
            folder.resolve("large-secret.txt").writeText("s".repeat(FILE_PIECE + 1))
            folder.resolve("empty-secret.txt").writeText("")
            folder.resolve("open.txt").writeText("open")
            folder.resolve("open.txt.gz").writeText("packed secret")
            folder.resolve("sub").createDirectories().resolve("index.html").writeText("secret index")
        }

        val asked = listOf(
            get("/secret.txt"),
            get("/secret.txt", "Range: bytes=1-2\r\n"),
            get("/secret.txt", "If-None-Match: *\r\n"),
            get("/large-secret.txt"),
            get("/large-secret.txt", "Range: bytes=1-2,8-9\r\n"),
            get("/empty-secret.txt"),
            get("/sub/"),
        )

        test("whatever is asked of it, 403 is the answer, also in the place of a listing") {
            val isOpen = { path: Path -> "secret" !in path.name && path.name != "index.html" }
            filesScene(site("refused"), { it.withListing().with(isOpen) }) { ask ->
                for (request in asked + asked.map { it.replaceFirst("GET", "HEAD") }) {
                    withClue(request) {
                        val answer = ask(request)
                        answer shouldStartWith "HTTP/1.1 403 "
                        answer shouldNotContain "ETag"
                    }
                }
                ask(get("/open.txt")) shouldContain "\r\n\r\nopen"
                ask(get("/")) shouldContain "open.txt"
                ask(get("/")) shouldNotContain "secret"
            }
        }

        test("the compressed file in place of another must be one that we may read") {
            filesScene(site("packed"), { it.withPrecompressed().with { path -> path.name != "open.txt.gz" } }) { ask ->
                val answer = ask(get("/open.txt", "Accept-Encoding: gzip\r\n"))
                answer shouldStartWith "HTTP/1.1 200 "
                answer shouldNotContain "Content-Encoding"
                answer.substringAfter("\r\n\r\n") shouldBe "open"
            }
        }

        val folder = site("real")
        val isRefused = {
            val path = folder.resolve("secret.txt").setPosixFilePermissions(PosixFilePermissions.fromString("---------"))
            if (Files.isReadable(path)) Enabled.disabled("whoever runs this may read every file") else Enabled.enabled
        }

        test("the system is asked").config(enabledOrReasonIf = { isRefused() }) {
            filesScene(folder, { it }) { ask -> ask(get("/secret.txt")) shouldStartWith "HTTP/1.1 403 " }
        }
    })
