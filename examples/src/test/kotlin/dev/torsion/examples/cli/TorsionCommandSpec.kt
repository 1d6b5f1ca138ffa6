// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.endpoint.EndpointString
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.ServerEndpointParser
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.io.PrintWriter
import java.io.StringWriter
import java.net.InetAddress
import java.net.ServerSocket
import java.net.URLClassLoader
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** The command's words for help and about mistakes, with the exit code. */
class TorsionCommandSpec :
    StringSpec({
        for (command in listOf("tour", "echo", "lines", "chat", "qotd", "int32", "private", "pb", "amp", "web", "get", "connect")) {
            "$command has help" {
                val ran = run(command, "--help")
                ran.code shouldBe 0
                ran.out shouldStartWith "Usage: torsion $command [-h"
                ran.err.shouldBeEmpty()
            }
        }

        "without arguments it shows all commands" {
            val ran = run()
            ran.code shouldBe 0
            ran.out shouldStartWith "Usage: torsion [-hV] COMMAND"
            ran.out shouldContain "  connect  A console client"
            run("--help").out shouldBe ran.out
        }

        "it knows its version" {
            run("--version").out.trim() shouldMatch Regex("""torsion \d+\.\d+\S*, on Java \d+""")
        }

        "a server listens on this machine only, unless told otherwise" {
            run("echo", "--help").out shouldContain "Default: tcp:8007:interface=127.0.0.1"
        }

        "mistakes in the command line get one line" {
            run("nonsense") shouldBe mistake("torsion: Unmatched argument at index 0: 'nonsense' (see torsion --help)")
            run("web", "--path", "nowhere") shouldBe mistake("torsion web: there is no folder nowhere (see torsion web --help)")
            run("get", "example.com").run {
                code shouldBe 2
                err shouldContain "torsion get: a URL begins with http:// or https://"
            }
            run("get", "http://a/", "-H", "nonsense") shouldBe
                mistake("torsion get: a field has a name, a colon and a value, but \"nonsense\" (see torsion get --help)")
            run("get", "http://a/", "-d", "@nowhere") shouldBe mistake("torsion get: there is no file nowhere (see torsion get --help)")
            run("get", "http://a/", "-x", "ftp://b/").run {
                code shouldBe 2
                err.lines().filter { it.isNotEmpty() }.size shouldBe 1
            }
            run("get", "http://a/", "-u", "a\tb").err shouldContain "torsion get: the name of a user has no control character in it"
            run("web") shouldBe mistake("torsion web: give either --path or --proxy (see torsion web --help)")
            run("web", "--path", ".", "--proxy", "http://a/") shouldBe run("web")
            run("web", "--proxy", "nonsense") shouldBe
                mistake("torsion web: --proxy needs a URL such as http://127.0.0.1:8081/ (see torsion web --help)")
            run("connect") shouldBe mistake("torsion connect: Missing required parameter: 'ENDPOINT' (see torsion connect --help)")
        }

        "get says in one line why a file cannot be written" {
            val folder = tempdir()
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { socket ->
                val url = "http://127.0.0.1:${socket.localPort}/"
                val server = thread {
                    repeat(2) {
                        socket.accept().use { client ->
                            client.inputStream.bufferedReader().lineSequence().first { it.isEmpty() }
                            client.outputStream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab".toByteArray())
                            client.inputStream.readAllBytes()
                        }
                    }
                }
                run("get", url, "-o", "$folder/none/a") shouldBe
                    Ran(1, "", "torsion get: $folder/none/a: there is no folder for it" + System.lineSeparator())
                run("get", url, "-o", "$folder") shouldBe
                    Ran(1, "", "torsion get: $folder: it is there, and is no file" + System.lineSeparator())
                server.join()
            }
        }

        "a codec that does not exist gets one line, with those that do" {
            val ran = run("connect", "tcp:127.0.0.1:1", "--codec=morse")
            ran.code shouldBe 2
            ran.err.lines().filter { it.isNotEmpty() }.size shouldBe 1
            ran.err shouldContain "there is no codec \"morse\", but there are line, int32, int16, int8, netstring, raw"
        }

        "so does a bad endpoint string" {
            run("echo", "--listen", "tcp:http") shouldBe
                mistake("""torsion echo: Bad endpoint "tcp:http", at "http": port must be a number, but is "http"""")
            run("lines", "-l", "8007") shouldBe
                mistake("""torsion lines: Bad endpoint "8007": a server can listen on $KINDS and "otherparty", but not on "8007"""")
            run("echo", "--listen", "udp:http") shouldBe
                mistake("""torsion echo: Bad endpoint "udp:http", at "http": port must be a number, but is "http"""")
            run("connect", "tcp:localhost") shouldBe mistake("""torsion connect: Bad endpoint "tcp:localhost": it needs a port""")
        }

        "a kind of endpoint that a third party has brought works like ours" {
            val folder = tempdir()
            val services = folder.resolve("META-INF/services").also { it.mkdirs() }
            services.resolve(ServerEndpointParser::class.java.name).writeText(ThirdPartyParser::class.java.name)
            val thread = Thread.currentThread()
            val before = thread.contextClassLoader
            URLClassLoader(arrayOf(folder.toURI().toURL()), before).use { application ->
                thread.contextClassLoader = application
                try {
                    val ran = run("echo", "--listen", "thirdparty:here")
                    ran.code shouldBe 0
                    ran.out shouldMatch Regex("""echo listening on 127\.0\.0\.1:\d+\R(echo stopped\R)""")
                    run("echo", "--listen", "thirdparty:there") shouldBe
                        mistake("""torsion echo: Bad endpoint "thirdparty:there", at "there": it is here only""")
                    run("echo", "--listen", "fourth:x").err shouldContain
                        """on $KINDS, "otherparty" and "thirdparty", but not on "fourth""""
                } finally {
                    thread.contextClassLoader = before
                }
            }
        }

        "so do a port that is taken and an interface that does not exist" {
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { taken ->
                val ran = run("chat", "--listen", "tcp:${taken.localPort}:interface=127.0.0.1")
                ran shouldBe mistake("torsion chat: Cannot listen on 127.0.0.1:${taken.localPort}: Address already in use.")
            }
            run("qotd", "--listen", "tcp:0:interface=192.0.2.1").code shouldBe 2
        }

        "so does a connection that is refused" {
            val free = ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { it.localPort }
            run("connect", "tcp:127.0.0.1:$free") shouldBe
                mistake("torsion connect: Connection to 127.0.0.1:$free was refused: nobody listens there.")
        }
    })

private const val KINDS = """"tcp", "tcp6", "unix", "stdio", "systemd", "fd", "haproxy", "ssl""""

/** A plug-in: listens on a free port, and stops the reactor at once. */
class ThirdPartyParser : ServerEndpointParser {
    override fun prefix() = "thirdparty"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("place")
        val place = text.needed("place")
        if (place.value != "here") throw place.error("it is here only")
        val endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        return object : ServerEndpoint {
            override fun listen(factory: Factory) = endpoint.listen(factory).addCallback { port ->
                reactor.callLater(0, TimeUnit.SECONDS) { reactor.stop() }
                port
            }
        }
    }
}

private data class Ran(val code: Int, val out: String, val err: String)

private fun mistake(line: String) = Ran(2, "", line + System.lineSeparator())

private fun run(vararg args: String): Ran {
    val out = StringWriter()
    val err = StringWriter()
    val code = TorsionCommand.commandLine().setOut(PrintWriter(out, true)).setErr(PrintWriter(err, true)).execute(*args)
    return Ran(code, out.toString(), err.toString())
}
