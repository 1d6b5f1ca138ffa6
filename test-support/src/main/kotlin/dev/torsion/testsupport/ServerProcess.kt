// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testsupport

import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** A database server of this process's own: on the loopback, with its data in a temporary folder, and gone with the process. */
abstract class ServerProcess(private val user: String) {
    private val folder: Path = Files.createTempDirectory("torsion-$user")
    private var process: Process? = null

    val port: Int = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
    protected val data: Path = folder.resolve("data")

    protected abstract val readyLine: String

    /** The JDBC URL of [database] in it; of none in particular when that is empty. */
    abstract fun url(database: String): String

    protected abstract fun initialize()

    protected abstract fun command(): List<String>

    init {
        if (isRoot) run(listOf("chown", user, folder.toString()))
        Runtime.getRuntime().addShutdownHook(
            Thread {
                stop()
                folder.toFile().deleteRecursively()
            },
        )
    }

    fun prepare() {
        initialize()
        start()
    }

    /** Returns when it takes connections. */
    fun start() {
        val started = ProcessBuilder(asUser(command())).directory(folder.toFile()).redirectErrorStream(true).start()
        process = started
        started.outputStream.close()
        val ready = CountDownLatch(1)
        val said = StringBuffer()
        thread(isDaemon = true, name = "output of $user") {
            started.inputReader().forEachLine {
                said.append(it).append('\n')
                if (readyLine in it) ready.countDown()
            }
        }
        check(ready.await(60, TimeUnit.SECONDS)) { "the server of $user does not start:\n$said" }
    }

    /** At once, as if the machine had lost its power. */
    fun stop() {
        val running = process ?: return
        process = null
        val children = running.descendants().toList()
        running.destroyForcibly()
        children.forEach { it.destroyForcibly() }
        check(running.waitFor(20, TimeUnit.SECONDS)) { "the server of $user does not stop" }
        children.forEach { it.onExit().get(20, TimeUnit.SECONDS) }
    }

    protected fun runAsUser(command: List<String>) = run(asUser(command))

    protected fun write(name: String, text: String): Path = folder.resolve(name).also { Files.writeString(it, text) }

    /** Neither server runs as root. */
    private fun asUser(command: List<String>) =
        if (isRoot) listOf("setpriv", "--reuid=$user", "--regid=$user", "--clear-groups") + command else command

    private fun run(command: List<String>) {
        val running = ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start()
        running.outputStream.close()
        val output = running.inputReader().readText()
        check(running.waitFor(120, TimeUnit.SECONDS) && running.exitValue() == 0) { "$command failed:\n$output" }
    }

    companion object {
        private val isRoot = System.getProperty("user.name") == "root"

        /** The program [name] in one of [folders], the newest version first. */
        fun find(name: String, vararg folders: File): Path? = folders.map { it.resolve(name) }.firstOrNull { it.canExecute() }?.toPath()
    }
}

class PostgresqlServer(private val binaries: Path) : ServerProcess("postgres") {
    override fun url(database: String): String = "jdbc:postgresql://127.0.0.1:$port/${database.ifEmpty { "postgres" }}?user=torsion"

    override val readyLine = "ready to accept connections"

    override fun initialize() =
        runAsUser(listOf("$binaries/initdb", "-D", "$data", "-U", "torsion", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"))

    override fun command() = listOf(
        "$binaries/postgres", "-D", "$data", "-p", "$port", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
        "-c", "fsync=off", "-c", "max_connections=60",
    )

    companion object {
        /** The folder of its programs, null when it is not installed. */
        fun find(): Path? {
            val versions = File("/usr/lib/postgresql").listFiles().orEmpty().sortedByDescending { it.name.toIntOrNull() ?: 0 }
            return find("initdb", *versions.map { it.resolve("bin") }.toTypedArray())?.parent
        }
    }
}

class MariadbServer(private val server: Path, private val installer: Path) : ServerProcess("mysql") {
    override fun url(database: String): String = "jdbc:mariadb://127.0.0.1:$port/$database?user=torsion&sslMode=disable"

    override val readyLine = "ready for connections"

    override fun initialize() = runAsUser(
        listOf("$installer", "--no-defaults", "--datadir=$data", "--auth-root-authentication-method=normal", "--skip-test-db"),
    )

    override fun command(): List<String> {
        val users = write("users.sql", "CREATE USER IF NOT EXISTS torsion@'%';\nGRANT ALL ON *.* TO torsion@'%';\n")
        return listOf(
            "$server", "--no-defaults", "--datadir=$data", "--port=$port", "--bind-address=127.0.0.1", "--socket=$data/socket",
            "--pid-file=$data/pid", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
            "--init-file=$users",
        )
    }

    companion object {
        private val folders = arrayOf(File("/usr/sbin"), File("/usr/bin"), File("/usr/local/bin"))

        fun findServer(): Path? = find("mariadbd", *folders)

        fun findInstaller(): Path? = find("mariadb-install-db", *folders)
    }
}
