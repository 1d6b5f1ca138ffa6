// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.succeed
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import io.kotest.core.test.Enabled
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.deleteRecursively
import kotlin.io.path.div
import kotlin.io.path.writeText

/** A real reactor or server while a block runs. No callback of the reactor may fail meanwhile. */
internal object Live {
    /** Runs [block] with the URL of a server of [router]. */
    fun serving(router: Router, options: HttpServerOptions = HttpServerOptions.DEFAULT, block: (String) -> Unit): Unit =
        servingSite({ Site(it, router, options) }, block)

    fun servingSite(site: (Reactor) -> Site, block: (String) -> Unit): Unit = withReactor("web-test") { reactor ->
        val port = CompletableFuture<Int>()
        reactor.callFromThread { port.complete(reactor.listenTcp(0, site(reactor), "127.0.0.1").port()) }
        block("http://127.0.0.1:${port.get(10, TimeUnit.SECONDS)}")
    }

    /** Runs [block] with a real reactor, which ends behind it. No callback of it may fail meanwhile. */
    fun withReactor(name: String, drainTimeout: Duration = Duration.ofSeconds(10), block: (Reactor) -> Unit) {
        val errors = CopyOnWriteArrayList<Throwable>()
        val reactor = Reactor.create(ReactorOptions(name, errorListener = { _, error -> errors.add(error) }, drainTimeout = drainTimeout))
        reactor.start()
        val thread = reactor.blockingCallFromThread { succeed(Thread.currentThread()) }
        try {
            block(reactor)
        } catch (e: Throwable) { // the first reason counts, and what came of it is told with it
            runCatching { end(reactor, thread) }.onFailure(e::addSuppressed)
            errors.forEach(e::addSuppressed)
            throw e
        }
        end(reactor, thread)
        errors.firstOrNull()?.let { throw AssertionError("a callback has failed", it) }
    }

    /** Ends [reactor]. One that does not end says what its [thread] is at. */
    private fun end(reactor: Reactor, thread: Thread) {
        if (reactor.stopAndJoin(Duration.ofSeconds(30))) return // more than it waits for peers
        val state = thread.state
        throw AssertionError("$reactor does not stop: its thread is $state").also { it.stackTrace = thread.stackTrace }
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

    val nginx: Enabled by lazy { available("nginx is not installed (on Debian: apt install nginx-light)", "nginx", "-v") }

    /** Runs [block] with the ports of servers of Python, by name. */
    fun <T> withServers(block: (Map<String, Int>) -> T): T {
        val process = ProcessBuilder(PYTHON, "-W", "ignore", "src/test/python/web_servers.py")
            .redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val line = process.inputReader().readLine() ?: error("the servers of Python have ended before they printed their ports")
            return block(Regex(""""(\w+)": (\d+)""").findAll(line).associate { it.groupValues[1] to it.groupValues[2].toInt() })
        } finally {
            process.outputStream.close() // its sign to end
            if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly()
        }
    }

    /** Runs [block] with the port of an nginx whose server has [config]. Its things are in [folder]. */
    fun <T> withNginx(folder: Path, config: String, block: (Int) -> T): T {
        repeat(MOST_PORTS) {
            val port = ServerSocket(0).use { it.localPort } // somebody else may take it meanwhile
            val file = (folder / "nginx.conf").apply { writeText(nginxConfig(folder, port, config)) }
            val process = ProcessBuilder("nginx", "-p", "$folder", "-c", "$file", "-e", "stderr").redirectErrorStream(true).start()
            try {
                process.outputStream.close()
                val output = process.inputReader()
                val said = ArrayList<String>()
                while (true) {
                    val line = output.readLine() ?: break
                    said.add(line)
                    if ("start worker process " !in line) continue
                    thread(isDaemon = true) { output.forEachLine { } }
                    return block(port)
                }
                check(said.any { "in use" in it }) { "nginx has ended: $said" }
            } finally {
                val all = process.descendants().toList() + process.toHandle()
                all.forEach { it.destroy() }
                process.waitFor(5, TimeUnit.SECONDS)
                all.forEach { it.destroyForcibly() }
            }
        }
        error("nginx finds no free port")
    }

    private fun nginxConfig(folder: Path, port: Int, config: String) =
        """
        daemon off;
        user root;
        worker_processes 1;
        pid $folder/nginx.pid;
        error_log stderr notice;
        events { worker_connections 256; }
        http {
            access_log off;
            ${listOf("client_body", "proxy", "fastcgi", "uwsgi", "scgi").joinToString("\n") { "${it}_temp_path $folder/$it;" }}
            server {
                listen 127.0.0.1:$port;
                $config
            }
        }
        """.trimIndent()

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

    private const val MOST_PORTS = 5
    private const val SOON = 60L
}
