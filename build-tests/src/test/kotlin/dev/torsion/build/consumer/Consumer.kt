// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.consumer

import dev.torsion.build.TorsionModule
import io.kotest.assertions.withClue
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path
import kotlin.io.path.div
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.pathString

/**
 * A project of a user, which gets Torsion from a repository: one of `src/consumers`, built by a Maven of its own in a copy.
 *
 * Torsion comes from [Repository]. Anything else comes from the local repository of the build that runs this test, and gets there by a
 * download when that build may download.
 */
internal class Consumer(private val project: String, vararg properties: Pair<String, String>) {
    private val properties = properties.toList()
    private val folder = TorsionModule.root / "build-tests" / "target" / "consumers" /
        (listOf(project) + this.properties.map { it.second }).joinToString("-")
    private val classes = folder / "target" / "classes"
    private val libraries = folder / "target" / "lib"

    private val build: Result<Enabled> by lazy { runCatching { build() } }

    /** Enabled, or what this machine lacks for it. A build that fails for another reason fails the test, in [check]. */
    val canBeBuilt: Enabled get() = build.getOrElse { Enabled.enabled }

    fun check() {
        build.getOrThrow()
    }

    fun libraryNames(): List<String> = libraries.listDirectoryEntries().map { it.name }

    fun runOnClassPath(main: String): List<String> = listOf(JAVA, "-cp", classPath(), main)

    fun runOnModulePath(main: String): List<String> = listOf(JAVA, "-p", modulePath(), "-m", main)

    private fun classPath() = "${classes.pathString}${File.pathSeparator}${libraries.pathString}${File.separator}*"

    fun modulePath(): String = "${classes.pathString}${File.pathSeparator}${libraries.pathString}"

    fun emptyFolder(name: String): Path = (folder / name).also { it.toFile().deleteRecursively() }

    private fun build(): Enabled {
        folder.toFile().deleteRecursively()
        (TorsionModule.root / "build-tests" / "src" / "consumers" / project).toFile().copyRecursively(folder.toFile())
        val wrapper = TorsionModule.root / if (File.separatorChar == '\\') "mvnw.cmd" else "mvnw"
        val offline = if (System.getProperty("consumers.mode") == "offline=true") listOf("--offline") else emptyList()
        val log = (folder / "build.log").toFile()
        val command = listOf(
            wrapper.pathString,
            "--file=${folder / "pom.xml"}",
            "-Dmaven.repo.local=${System.getProperty("consumers.localRepository")}",
            "-Dmaven.repo.local.tail=${Repository.folder}",
            "-Dtorsion.version=${Repository.VERSION}",
        ) + PLUGINS.map {
            "-D$it=${System.getProperty("consumers.$it")}"
        } + properties.map { (name, value) -> "-D$name=$value" } + offline +
            "process-classes"
        val builder = ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log)
        builder.environment()["JAVA_HOME"] = System.getProperty("java.home")
        builder.environment().keys.removeAll { it.startsWith("MAVEN_CMD") }
        val process = builder.start()
        process.outputStream.close()
        if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly)
            process.destroyForcibly()
            error("$command does not end:\n${log.readText()}")
        }
        if (process.exitValue() == 0) return Enabled.enabled
        val text = log.readText()
        val missing = MISSING.findAll(text).map { it.groupValues[1] }.distinct().toList()
        if (missing.isEmpty() || missing.any { it.startsWith("dev.torsion:") }) error("$command fails:\n$text")
        return Enabled.disabled("$project cannot be built here, since Maven does not get ${missing.joinToString()}")
    }

    private companion object {
        const val BUILD_MINUTES = 5L
        val PLUGINS = listOf("resources-plugin.version", "compiler-plugin.version", "dependency-plugin.version")
        val MISSING =
            Regex(
                """(?:artifact |POM for |Plugin )([\w.-]+:[\w.:-]+?)(?= (?:from|in|is missing|was not found|has not|or one of|could not))""",
            )
    }
}

internal val JAVA: String = Path(System.getProperty("java.home"), "bin", "java").pathString

private const val DEADLINE_SECONDS = 60L

/** Runs [command], which ends by itself, and gives what it prints. */
internal fun outputOf(command: List<String>): String {
    val process = ProcessBuilder(command).redirectErrorStream(true).start()
    process.outputStream.close()
    val text = process.inputReader().readText()
    withClue("$command prints:\n$text") { process.waitFor() shouldBe 0 }
    return text
}

/** Starts a server by [command] on any port, and gives what it answers to the line "hello". */
internal fun answerOf(command: List<String>): String? {
    val errors = kotlin.io.path.createTempFile("errors", ".txt").toFile()
    val server = ProcessBuilder(command + "tcp:0:interface=127.0.0.1").redirectError(errors).start()
    try {
        val lines = server.inputReader().lineSequence()
        val announced = lines.firstOrNull { it.startsWith(LISTENING) } ?: error("$command ends:\n${errors.readText()}")
        java.net.Socket("127.0.0.1", announced.substringAfterLast(':').toInt()).use { socket ->
            socket.soTimeout = TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS).toInt()
            socket.getOutputStream().write("hello\r\n".toByteArray())
            return socket.getInputStream().bufferedReader().readLine()
        }
    } finally {
        server.destroy()
        if (!server.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) server.destroyForcibly()
        errors.delete()
    }
}

private const val LISTENING = "listening on 127.0.0.1:"
