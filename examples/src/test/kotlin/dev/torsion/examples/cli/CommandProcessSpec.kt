// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.examples.kotlin.askMath
import dev.torsion.examples.kotlin.askPerspective
import dev.torsion.reactor.react
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.net.UnixDomainSocketAddress
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.io.path.createDirectories
import kotlin.io.path.readText
import kotlin.io.path.writeText

private const val ANY_PORT = "tcp:0:interface=127.0.0.1"
private const val TIMEOUT_MILLIS = 30_000

/** The command as a process: its servers against other people's clients, its client, and its end. */
class CommandProcessSpec :
    StringSpec({
        "a server takes a third party's string, a UNIX socket, and standard input and output" {
            CommandProcess("echo", "--listen", "otherparty:0").use { echo ->
                Socket("127.0.0.1", echo.port("echo")).use { socket ->
                    socket.soTimeout = TIMEOUT_MILLIS
                    socket.getOutputStream().write(7)
                    socket.getInputStream().read() shouldBe 7
                }
            }
            val path = Files.createTempDirectory("torsion").resolve("echo.sock")
            CommandProcess("echo", "--listen", "unix:$path:mode=600").use { echo ->
                echo.readLine() shouldBe "echo listening on unix:$path"
                SocketChannel.open(UnixDomainSocketAddress.of(path)).use { socket ->
                    socket.write(ByteBuffer.wrap(byteArrayOf(7)))
                    val answer = ByteBuffer.allocate(1)
                    socket.read(answer)
                    answer[0] shouldBe 7
                }
                echo.signal("INT")
                echo.readLine() shouldBe "echo stopped"
                echo.exitCode() shouldBe 128 + 2
            }
            Files.list(path.parent).use { it.count() } shouldBe 0
            Files.delete(path.parent)
            CommandProcess("lines", "--listen", "stdio:").use { it.finish("hello\r\n") shouldBe "HELLO\r\n" }
        }

        "echo sends back every byte, and says good-bye at Ctrl-C" {
            CommandProcess("echo", "--listen", ANY_PORT).use { echo ->
                val sent = ByteArray(3_000_000) { (it * 31).toByte() }
                Socket("127.0.0.1", echo.port("echo")).use { socket ->
                    val writer = Thread { socket.getOutputStream().write(sent).also { socket.shutdownOutput() } }
                    writer.start()
                    socket.soTimeout = TIMEOUT_MILLIS
                    socket.getInputStream().readAllBytes().contentEquals(sent) shouldBe true
                    writer.join()
                }
                echo.signal("INT")
                echo.readLine() shouldBe "echo stopped"
                echo.readLine() shouldBe null
                echo.exitCode() shouldBe 128 + 2
            }
        }

        "echo sends back every datagram, an empty one too" {
            CommandProcess("echo", "--listen", "udp:0:interface=127.0.0.1").use { echo ->
                val server = InetSocketAddress("127.0.0.1", echo.port("echo"))
                DatagramSocket().use { socket ->
                    socket.soTimeout = TIMEOUT_MILLIS
                    for (size in listOf(5, 0, 65_507)) {
                        val sent = ByteArray(size) { (it * 31).toByte() }
                        socket.send(DatagramPacket(sent, size, server))
                        val answer = DatagramPacket(ByteArray(65_536), 65_536)
                        socket.receive(answer)
                        answer.data.copyOf(answer.length).contentEquals(sent) shouldBe true
                    }
                }
                echo.signal("INT")
                echo.readLine() shouldBe "echo stopped"
            }
        }

        "an open connection does not keep a server from ending at SIGTERM" {
            CommandProcess("lines", "--listen", ANY_PORT).use { lines ->
                Socket("127.0.0.1", lines.port("lines")).use { socket ->
                    socket.soTimeout = TIMEOUT_MILLIS
                    socket.getOutputStream().write("half a li".encodeToByteArray())
                    lines.signal("TERM")
                    lines.readLine() shouldBe "lines stopped"
                    lines.exitCode() shouldBe 128 + 15
                    socket.getInputStream().read() shouldBe -1
                }
            }
        }

        "lines answers nc" {
            CommandProcess("lines", "--listen", ANY_PORT).use { lines ->
                nc(lines.port("lines"), "hello\nlast line\n")?.let { it shouldBe "HELLO\r\nLAST LINE\r\n" }
            }
        }

        "qotd says its quote and closes" {
            CommandProcess("qotd", "--listen", ANY_PORT).use { qotd ->
                Socket("127.0.0.1", qotd.port("qotd")).use { socket ->
                    socket.soTimeout = TIMEOUT_MILLIS
                    socket.getInputStream().readAllBytes().decodeToString() shouldBe "An apple a day keeps the doctor away\r\n"
                }
            }
        }

        "pb serves the documents' root, whose get_main returns a second object" {
            CommandProcess("pb", "--listen", ANY_PORT).use { server ->
                val said = ArrayList<String>()
                react { reactor -> askPerspective(reactor, "tcp:127.0.0.1:${server.port("pb")}") { said.add(it) } }
                said.last() shouldBe "6. client: it has answered"
                List(4) { server.readLine() }.last() shouldBe "5. server: server2_main runs"
            }
        }

        "amp serves the documents' Sum and Divide" {
            CommandProcess("amp", "--listen", ANY_PORT).use { server ->
                val said = ArrayList<String>()
                react { reactor -> askMath(reactor, "tcp:127.0.0.1:${server.port("amp")}") { said.add(it) } }
                said shouldBe listOf("13 + 81 = 94", "1 / 4 = 0.25", "1 / 0: division by zero")
            }
        }

        "web serves files to the JDK's client, and a part of one" {
            val folder = tempdir().toPath()
            folder.resolve("index.html").writeText("hello")
            CommandProcess("web", "--path", "$folder", "--listen", ANY_PORT).use { server ->
                val at = URI("http://127.0.0.1:${server.port("web")}/")
                val client = HttpClient.newHttpClient()
                client.send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofString()).body() shouldBe "hello"
                val part = client.send(HttpRequest.newBuilder(at).header("Range", "bytes=1-3").build(), BodyHandlers.ofString())
                part.statusCode() shouldBe 206
                part.body() shouldBe "ell"
            }
        }

        "web --list shows the names in a folder without an index; otherwise there is nothing" {
            val folder = tempdir().toPath()
            folder.resolve("a b.txt").writeText("hello")
            val client = HttpClient.newHttpClient()
            for (options in listOf(listOf("--list"), emptyList())) {
                CommandProcess("web", "--path", "$folder", "--listen", ANY_PORT, *options.toTypedArray()).use { server ->
                    val at = URI("http://127.0.0.1:${server.port("web")}/")
                    val answer = client.send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofString())
                    answer.statusCode() shouldBe if (options.isEmpty()) 404 else 200
                    answer.body().contains("<a href=\"./a%20b.txt\">a b.txt</a>") shouldBe options.isNotEmpty()
                }
            }
        }

        "web --proxy answers what the server behind it answers, says 502 without one, and stops at SIGTERM" {
            val folder = tempdir().toPath()
            folder.resolve("a.txt").writeText("0123456789")
            val client = HttpClient.newHttpClient()
            fun ask(port: Int, path: String) = client.send(
                HttpRequest.newBuilder(URI("http://127.0.0.1:$port$path")).header("Range", "bytes=2-4").build(),
                BodyHandlers.ofString(),
            )
            CommandProcess("web", "--path", "$folder", "--listen", ANY_PORT).use { behind ->
                val target = "http://127.0.0.1:${behind.port("web")}/"
                CommandProcess("web", "--proxy", target, "--listen", ANY_PORT).use { proxy ->
                    val port = proxy.port("web")
                    val answer = ask(port, "/a.txt")
                    answer.statusCode() shouldBe 206
                    answer.body() shouldBe "234"
                    answer.headers().firstValue("Content-Range").get() shouldBe "bytes 2-4/10"
                    ask(port, "/none").statusCode() shouldBe 404
                    behind.signal("TERM")
                    behind.exitCode() shouldBe 128 + 15
                    ask(port, "/a.txt").statusCode() shouldBe 502
                    proxy.signal("TERM")
                    generateSequence(proxy::readLine).last() shouldBe "web stopped"
                    proxy.exitCode() shouldBe 128 + 15
                }
            }
        }

        "get asks, follows, shows, saves, and says how it went by its exit code" {
            val folder = tempdir().toPath()
            folder.resolve("cats").createDirectories().resolve("index.html").writeText("hello")
            CommandProcess("web", "--path", "$folder", "--listen", ANY_PORT).use { server ->
                val base = "http://127.0.0.1:${server.port("web")}"
                CommandProcess("get", "$base/cats").use { it.finish("") shouldBe "hello" }
                val shown = CommandProcess("get", "$base/cats", "-i", "-H", "Range: bytes=1-2").use { it.finish("") }
                shown shouldStartWith "HTTP/1.1 301 Moved Permanently"
                shown shouldContain "Content-Range: bytes 1-2/5"
                shown shouldEndWith "el"
                CommandProcess("get", "$base/cats", "--no-location", "-i").use { it.finish("") shouldStartWith "HTTP/1.1 301" }
                val saved = folder.resolve("saved")
                CommandProcess("get", "$base/cats/", "-o", "$saved").use { it.finish("") shouldBe "" }
                saved.readText() shouldBe "hello"
                for ((code, args) in listOf(
                    1 to arrayOf("$base/none"),
                    1 to arrayOf("$base/cats/", "-d", "x=1"),
                    2 to arrayOf("http://127.0.0.1:1/"),
                )) {
                    CommandProcess("get", *args).use { it.exitCode() shouldBe code }
                }
            }
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
                CommandProcess("get", "http://127.0.0.1:${silent.localPort}/", "--max-time", "0.2").use { it.exitCode() shouldBe 1 }
            }
        }

        "get says in one line when its output takes no more, and shows a terminal what is text only" {
            val folder = tempdir().toPath()
            folder.resolve("text").writeText("caf\u00e9\n")
            folder.resolve("bytes").writeText("a\u0000b")
            CommandProcess("web", "--path", "$folder", "--listen", ANY_PORT).use { server ->
                val base = "http://127.0.0.1:${server.port("web")}"
                CommandProcess("get", "$base/bytes").use { it.finish("") shouldBe "a\u0000b" }
                val full = File("/dev/full")
                if (full.exists()) {
                    val errors = errorsOf(CommandProcess.line("get", "$base/text"), full)
                    errors.trim() shouldBe "torsion get: standard output: No space left on device"
                }
                onTerminal("get", "$base/text")?.let { it shouldContain "caf\u00e9" }
                onTerminal("get", "$base/bytes")?.let {
                    it shouldNotContain "a\u0000b"
                    it shouldContain "torsion get: The body is no text"
                }
                onTerminal("get", "$base/bytes", "-o", "-")?.let { it shouldContain "a\u0000b" }
            }
        }

        "get logs in, goes through a proxy, and asks for the head only" {
            val answers = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n"
            ServerSocket(0, 3, InetAddress.getLoopbackAddress()).use { proxy ->
                proxy.soTimeout = TIMEOUT_MILLIS
                CommandProcess("get", "http://server.example/a", "-I", "-u", "tom:a:b", "-x", "http://127.0.0.1:${proxy.localPort}").use {
                    proxy.accept().use { socket ->
                        val lines = socket.getInputStream().bufferedReader().lineSequence().takeWhile { line -> line.isNotEmpty() }.toList()
                        lines.first() shouldBe "HEAD http://server.example/a HTTP/1.1"
                        lines shouldContain "Authorization: Basic dG9tOmE6Yg=="
                        socket.getOutputStream().write(answers.toByteArray())
                        it.finish("") shouldBe "HTTP/1.1 200 OK\nContent-Length: 2\nX-A: b\n\n"
                    }
                }
            }
        }

        "private answers Python's bytes with Python's bytes" {
            CommandProcess("private", "--listen", ANY_PORT).use { server ->
                Socket("127.0.0.1", server.port("private")).use { socket ->
                    socket.soTimeout = TIMEOUT_MILLIS
                    val body = """{"company": "oldboyedu"}""".encodeToByteArray()
                    socket.getOutputStream().write(header(1, 24, 101) + body)
                    val answer = socket.getInputStream().readNBytes(12 + 51)
                    answer.copyOf(12) shouldBe header(1, 51, 1001)
                    answer.copyOfRange(12, 63).decodeToString() shouldBe
                        "\"\\u6211\\u6536\\u5230\\u4f60\\u7684\\u4fe1\\u606f\\u4e86!\""
                }
                server.readLine() shouldBe """the client sends: header (1, 24, 101), body {"company":"oldboyedu"}"""
            }
        }

        "chat tells what it hears" {
            CommandProcess("chat", "--listen", ANY_PORT).use { chat ->
                val port = chat.port("chat")
                CommandProcess("connect", "tcp:127.0.0.1:$port").use { it.finish("hello\nclose\n") } shouldContain
                    "Welcome to the Spread Site, you are client number 1!"
                listOf(chat.readLine(), chat.readLine(), chat.readLine()) shouldBe
                    listOf("new connection: 1", "hello", "lost connection: 0")
            }
        }

        "connect sends its input as messages, prints the answers, and ends after the last" {
            CommandProcess("lines", "--listen", ANY_PORT).use { lines ->
                val endpoint = "tcp:127.0.0.1:${lines.port("lines")}"
                CommandProcess("connect", endpoint).use { it.finish("hello\nGrüße\n") } shouldBe "HELLO\nGRÜSSE\n"
                CommandProcess("connect", endpoint, "--codec", "raw").use { it.finish("hello\n") } shouldBe "HELLO\r\n"
            }
            CommandProcess("int32", "--listen", ANY_PORT).use { int32 ->
                val endpoint = "tcp:127.0.0.1:${int32.port("int32")}"
                CommandProcess("connect", endpoint, "--codec=int32").use { it.finish("one\ntwo\n") } shouldBe "one\ntwo\n"
            }
        }

        "the tour is as expected, prints nothing else, and ends well" {
            CommandProcess("tour").use { tour -> tour.finish("") shouldContain ": all as expected." }
        }
    })

private fun header(vararg values: Int): ByteArray =
    ByteBuffer.allocate(values.size * 4).order(ByteOrder.LITTLE_ENDIAN).apply { values.forEach(::putInt) }.array()

/** The text of [command] on standard error, while all that it prints goes to [output]. */
private fun errorsOf(command: List<String>, output: File): String {
    val process = ProcessBuilder(command).redirectOutput(output).start()
    val errors = process.errorStream.readAllBytes().decodeToString()
    check(process.waitFor(TIMEOUT_MILLIS.toLong(), TimeUnit.MILLISECONDS)) { "the command has not ended" }
    return errors
}

/** The text that a terminal shows of the command; null where there is no `script`, which makes one. */
private fun onTerminal(vararg args: String): String? {
    if (System.getenv("PATH").split(File.pathSeparator).none { File(it, "script").canExecute() }) return null
    val command = CommandProcess.line(*args).joinToString(" ") { "'$it'" }
    val process = ProcessBuilder("script", "-qec", command, "/dev/null").redirectErrorStream(true).start()
    process.outputStream.use { }
    val shown = process.inputStream.readAllBytes().decodeToString()
    check(process.waitFor(TIMEOUT_MILLIS.toLong(), TimeUnit.MILLISECONDS)) { "the terminal has not ended" }
    return shown
}

/** The output of `nc` for [input]; null where there is none. */
private fun nc(port: Int, input: String): String? {
    if (System.getenv("PATH").split(File.pathSeparator).none { File(it, "nc").canExecute() }) return null
    val nc = ProcessBuilder("nc", "-N", "127.0.0.1", "$port").redirectError(ProcessBuilder.Redirect.INHERIT).start()
    nc.outputStream.use { it.write(input.encodeToByteArray()) }
    val printed = nc.inputStream.readAllBytes().decodeToString()
    check(nc.waitFor(TIMEOUT_MILLIS.toLong(), TimeUnit.MILLISECONDS)) { "nc has not ended" }
    return printed
}
