// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.Protocol
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import io.kotest.core.annotation.Condition
import io.kotest.core.annotation.EnabledIf
import io.kotest.core.spec.Spec
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.InetAddress
import java.net.Socket
import java.util.concurrent.TimeUnit
import java.util.jar.JarOutputStream
import java.util.zip.ZipEntry
import kotlin.io.path.createTempDirectory
import kotlin.reflect.KClass
import dev.torsion.net.Factory as TorsionFactory

/** A server in a process that may open few files, which serves each line; see the specs below. */
internal object FewFilesServer {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create()
        val echo =
            TorsionFactory {
                object : Protocol() {
                    override fun dataReceived(data: ByteArray) = transport.write(data)
                }
            }
        val port = reactor.listenTcp(0, echo, "127.0.0.1", 500)
        println(port.port())
        reactor.run()
    }
}

internal class HasUnixShell : Condition {
    override fun evaluate(kclass: KClass<out Spec>) = File("/bin/sh").canExecute()
}

/** Starts [FewFilesServer] with at most [files] open files. */
private fun fewFilesServer(files: Int, classPath: String): Process {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val command = "ulimit -n $files; exec \"$java\" -XX:-MaxFDLimit -cp \"$classPath\" ${FewFilesServer::class.java.name}"
    return ProcessBuilder("/bin/sh", "-c", command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
}

/**
 * The part of this class path that a server needs, its folders as archives: a program's classes are read from files that are open already.
 */
internal fun archives(folder: File): String {
    val needed =
        System.getProperty("java.class.path").split(File.pathSeparator).map(::File).filter {
            it.isDirectory ||
                NEEDED.containsMatchIn(it.name)
        }
    return needed.withIndex().joinToString(File.pathSeparator) { (index, part) ->
        if (part.isDirectory) archive(part, File(folder, "$index.jar")).path else part.path
    }
}

private fun archive(classes: File, target: File): File {
    JarOutputStream(target.outputStream()).use { out ->
        classes.walk().filter { it.isFile }.forEach {
            out.putNextEntry(ZipEntry(it.relativeTo(classes).invariantSeparatorsPath))
            out.write(it.readBytes())
        }
    }
    return target
}

private val NEEDED = Regex("^(kotlin-stdlib|kotlinx-coroutines-core|slf4j)")

@EnabledIf(HasUnixShell::class)
class FileDescriptorsSpec :
    StringSpec({
        "clients that take all file descriptors before the first byte is written are all served, and the server lives on" {
            val folder = createTempDirectory("few-files").toFile()
            val server = fewFilesServer(64, archives(folder))
            try {
                val port = server.inputReader().readLine().toInt()
                val idle = List(200) { Socket(InetAddress.getLoopbackAddress(), port) }
                idle.forEach { it.soTimeout = (DEADLINE_SECONDS * 1000).toInt() }
                // Nobody has written or closed anything yet; those who wait are accepted when the first ones have gone.
                for (socket in idle) {
                    socket.getOutputStream().write(7)
                    socket.getInputStream().read() shouldBe 7
                    socket.close()
                }
                Socket(InetAddress.getLoopbackAddress(), port).use {
                    it.soTimeout = (DEADLINE_SECONDS * 1000).toInt()
                    it.getOutputStream().write(7)
                    it.getInputStream().read() shouldBe 7
                }
            } finally {
                server.destroy()
                server.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)
                folder.deleteRecursively()
            }
        }

        "a server that runs out of file descriptors goes on with the connections it has, and accepts again when some are free" {
            val server = fewFilesServer(120, System.getProperty("java.class.path"))
            try {
                val port = server.inputReader().readLine().toInt()
                // Once round while files can be opened: the server's classes are read from files too.
                Socket(InetAddress.getLoopbackAddress(), port).use {
                    it.getOutputStream().write(7)
                    it.getInputStream().read() shouldBe 7
                }
                val sockets = List(300) { Socket(InetAddress.getLoopbackAddress(), port) }
                sockets.forEach {
                    it.soTimeout = (DEADLINE_SECONDS * 1000).toInt()
                    it.getOutputStream().write(7)
                }
                // The first ones are served although later ones wait; each that ends makes room for one that waits.
                sockets.forEach { socket ->
                    socket.getInputStream().read() shouldBe 7
                    socket.close()
                }
                server.isAlive shouldBe true
            } finally {
                server.destroy()
                server.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)
            }
        }
    })
