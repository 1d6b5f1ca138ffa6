// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.Request
import dev.torsion.web.Response
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import java.io.IOException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import kotlin.io.path.createDirectory
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.div
import kotlin.io.path.readText
import kotlin.io.path.writeText

/** Where the file of a body comes, and what is never left of it. */
class DownloadSpec :
    FunSpec({
        fun HttpScene.saved(path: Path): Path = reactor.await(http.get(base).saveTo(path))

        test("a link stays, and the file that it leads to is replaced") {
            val folder = tempdir().toPath()
            val file = (folder / "there").createDirectory() / "cat"
            file.writeText("old")
            val link = (folder / "link").createSymbolicLinkPointingTo(file)
            httpScene { saved(link) shouldBe link }
            Files.isSymbolicLink(link) shouldBe true
            file.readText() shouldBe "GET /"
            Files.list(file.parent).use { it.toList() } shouldContainExactly listOf(file)
        }

        test("what is there and is no file is never replaced") {
            val folder = tempdir().toPath()
            val inner = (folder / "inner").createDirectory()
            val device = (folder / "null").createSymbolicLinkPointingTo(Path.of("/dev/null"))
            httpScene {
                for (path in listOf(inner, device)) {
                    shouldThrow<IOException> { saved(path) }.message!! shouldContain "is there, and is no file"
                }
            }
            Files.isSymbolicLink(device) shouldBe true
            Files.list(folder).use { it.toList().sorted() } shouldContainExactly listOf(inner, device).sorted()
        }

        test("a folder that is not there is told, with the path that was given") {
            val path = tempdir().toPath() / "none" / "cat"
            httpScene { shouldThrow<NoSuchFileException> { saved(path) }.message shouldBe "$path: there is no folder for it" }
        }

        test("a name may be as long as the system allows") {
            val path = tempdir().toPath() / "x".repeat(250)
            httpScene { saved(path).readText() shouldBe "GET /" }
        }

        test("nothing is left when the reactor stops inside of a body") {
            val folder = tempdir().toPath()
            val begun = Deferred<Unit>()
            val handler: suspend (Request) -> Response = {
                Response.stream("a/b") { sink ->
                    sink.write("x")
                    awaitCancellation()
                }
            }
            with(HttpScene(HttpClientOptions.DEFAULT, handler)) {
                val saving = http.get(base).onDownload { _, _ -> begun.callback(Unit) }.saveTo(folder / "cat")
                reactor.await(begun)
                Files.list(folder).use { it.toList() } shouldHaveSize 1
                reactor.close()
                saving.isCompletedExceptionally shouldBe true
            }
            Files.list(folder).use { it.toList() }.shouldBeEmpty()
        }

        test("nothing is left of a body that fails when the reactor, and its pool, have ended already") {
            val folder = tempdir().toPath()
            val begun = Deferred<Unit>()
            val cut = Deferred<Unit>()
            var error: Throwable? = null
            val reactor = MemoryReactor()
            inlineCallbacks {
                Download(reactor, folder / "cat").save { write ->
                    write("x".toByteArray())
                    begun.callback(Unit)
                    cut.await()
                }
            }.addCallbacks({ }) { error = it.value }
            reactor.await(begun)
            Files.list(folder).use { it.toList() } shouldHaveSize 1
            reactor.close()
            cut.errback(IOException("The body was cut."))
            error.shouldBeInstanceOf<ThreadPoolStoppedException>()
            Files.list(folder).use { it.toList() }.shouldBeEmpty()
        }
    })
