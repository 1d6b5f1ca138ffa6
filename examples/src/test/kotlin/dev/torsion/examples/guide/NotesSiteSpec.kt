// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.util.concurrent.TimeUnit

private const val DEADLINE_SECONDS = 30L

/** The whole programs of docs/guide/web.md, each as a process with the JDK's client. */
class NotesSiteSpec :
    StringSpec({
        for (main in listOf("dev.torsion.examples.java.NotesSite", "dev.torsion.examples.kotlin.NotesSiteKt")) {
            "$main keeps notes, sends files, logs, and stops at SIGTERM" {
                val folder = tempdir()
                folder.resolve("index.html").writeText("start")
                val site = program(main, "tcp:0:interface=127.0.0.1", "$folder").redirectError(ProcessBuilder.Redirect.INHERIT).start()
                try {
                    val output = site.inputReader()
                    val announced = output.readLine()
                    announced shouldStartWith "listening on 127.0.0.1:"
                    val base = "http://" + announced.substringAfter("listening on ")
                    val client = HttpClient.newHttpClient()
                    fun ask(path: String, note: String? = null) = client.send(
                        HttpRequest.newBuilder(URI(base + path)).also { if (note != null) it.POST(BodyPublishers.ofString(note)) }.build(),
                        BodyHandlers.ofString(),
                    )
                    ask("/notes", "buy milk").statusCode() shouldBe 303
                    ask("/notes", " ").run { "${statusCode()} ${body()}" shouldBe "400 A note has some words.\n" }
                    val notes = ask("/notes")
                    notes.body() shouldBe "buy milk"
                    notes.headers().firstValue("Cache-Control").get() shouldBe "no-store"
                    ask("/").run {
                        body() shouldBe "start"
                        headers().firstValue("Cache-Control").isPresent shouldBe false
                    }
                    site.toHandle().destroy() // the output stays open
                    site.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                    val lines = output.readLines()
                    lines.size shouldBe 4
                    lines[0] shouldMatch Regex("""127\.0\.0\.1 - - \[.*] "POST /notes HTTP/1\.1" 303 - "-" "Java-http-client/.*"""")
                    lines[3] shouldContain "\"GET / HTTP/1.1\" 200 5 "
                } finally {
                    site.destroyForcibly()
                }
            }

            "$main says in one line what it wants" {
                val site = program(main).redirectErrorStream(true).start()
                site.inputReader().readLines().single() shouldBe "usage: NotesSite ENDPOINT FOLDER, for example tcp:8080 public"
                site.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                site.exitValue() shouldBe 2
            }
        }
    })

private fun program(main: String, vararg arguments: String): ProcessBuilder {
    val java = File(System.getProperty("java.home"), "bin/java").path
    return ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), main, *arguments)
}
