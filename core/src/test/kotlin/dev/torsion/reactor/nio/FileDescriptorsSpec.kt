// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

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
import kotlin.reflect.KClass
import dev.torsion.net.Factory as TorsionFactory

/** A server in a process that may open few files; see the spec below. */
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
        println(port.host().port)
        reactor.run()
    }
}

internal class HasUnixShell : Condition {
    override fun evaluate(kclass: KClass<out Spec>) = File("/bin/sh").canExecute()
}

@EnabledIf(HasUnixShell::class)
class FileDescriptorsSpec :
    StringSpec({
        "a server that runs out of file descriptors goes on with the connections it has, and accepts again when some are free" {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val command = "ulimit -n 120; exec \"$java\" -XX:-MaxFDLimit -cp \"${System.getProperty(
                "java.class.path",
            )}\" ${FewFilesServer::class.java.name}"
            val server = ProcessBuilder("/bin/sh", "-c", command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
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
