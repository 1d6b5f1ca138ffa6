// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import io.kotest.core.test.Enabled
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.deleteRecursively

/** A real server while a block runs. No callback of the reactor may fail meanwhile. */
internal object Live {
    /** Runs [block] with the URL of a server of [router]. */
    fun serving(router: Router, options: HttpServerOptions = HttpServerOptions.DEFAULT, block: (String) -> Unit): Unit =
        servingSite({ Site(it, router, options) }, block)

    fun servingSite(site: (Reactor) -> Site, block: (String) -> Unit) {
        val errors = CopyOnWriteArrayList<Throwable>()
        val reactor = Reactor.create(ReactorOptions("web-test", errorListener = { _, error -> errors.add(error) }))
        reactor.start()
        try {
            val port = CompletableFuture<Int>()
            reactor.callFromThread { port.complete(reactor.listenTcp(0, site(reactor), "127.0.0.1").port()) }
            block("http://127.0.0.1:${port.get(10, TimeUnit.SECONDS)}")
        } finally {
            check(reactor.stopAndJoin(Duration.ofSeconds(10))) { "$reactor does not stop" }
        }
        errors.firstOrNull()?.let { throw AssertionError("a callback has failed", it) }
    }

    /** Runs [block] with a folder that is gone afterwards. */
    @OptIn(ExperimentalPathApi::class)
    fun <T> inFolder(block: (Path) -> T): T {
        val folder = Files.createTempDirectory("torsion-web-")
        try {
            return block(folder)
        } finally {
            folder.deleteRecursively()
        }
    }
}

/** Programs that others have written. A test whose program is missing is left out, with the reason. */
internal object Tool {
    /** Debian's own, since its packages are for that one. */
    const val PYTHON = "/usr/bin/python3"

    val curl: Enabled by lazy { available("curl is not installed", "curl", "--version") }
    val nc: Enabled by lazy { found("nc", "netcat-openbsd") }
    val wrk: Enabled by lazy { found("wrk", "wrk") }
    val ab: Enabled by lazy { found("ab", "apache2-utils") }
    val python: Enabled by lazy { available("Python is not installed", PYTHON, "--version") }
    val twisted: Enabled by lazy { module("twisted.web.client", "python3-twisted") }
    val treq: Enabled by lazy { module("treq", "python3-treq") }
    val scrapy: Enabled by lazy { module("scrapy", "python3-scrapy") }
    val chromium: Enabled by lazy { available("Chromium is not installed (on Debian: apt install chromium)", "chromium", "--version") }

    private fun module(name: String, debian: String) =
        available("$PYTHON has no $name (on Debian: apt install $debian)", PYTHON, "-W", "ignore", "-c", "import $name")

    private fun found(name: String, debian: String) =
        available("$name is not installed (on Debian: apt install $debian)", "sh", "-c", "command -v $name")

    private fun available(otherwise: String, vararg command: String): Enabled =
        if (runCatching { run(*command) }.isSuccess) Enabled.enabled else Enabled.disabled(otherwise)

    /** The output of the program [script] of Python. */
    fun python(script: String, vararg arguments: String): String = run(PYTHON, "-W", "ignore", "src/test/python/$script", *arguments).trim()

    /** The output of [command]; it has to end well. */
    fun run(vararg command: String): String = run(command.toList(), "")

    /** The output of [command], which is given [input]. */
    fun run(command: List<String>, input: String, exitCode: Int = 0): String {
        val process = ProcessBuilder(command).redirectErrorStream(true).start()
        try {
            val writer = thread(isDaemon = true) {
                runCatching { process.outputStream.use { it.write(input.toByteArray(Charsets.ISO_8859_1)) } } // it may have ended
            }
            val killer = CompletableFuture.runAsync(
                { process.destroyForcibly() },
                CompletableFuture.delayedExecutor(SOON, TimeUnit.SECONDS),
            )
            val output = process.inputStream.readBytes().toString(Charsets.UTF_8)
            check(process.waitFor(SOON, TimeUnit.SECONDS)) { "$command does not end" }
            killer.cancel(false)
            writer.join()
            check(process.exitValue() == exitCode) { "$command ended with ${process.exitValue()}: $output" }
            return output
        } finally {
            process.destroyForcibly()
        }
    }

    private const val SOON = 60L
}
