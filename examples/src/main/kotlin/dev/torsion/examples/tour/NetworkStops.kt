// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.examples.Input
import dev.torsion.examples.Output
import dev.torsion.examples.Robot
import dev.torsion.examples.kotlin.ChatFactory
import dev.torsion.examples.kotlin.EchoClientFactory
import dev.torsion.examples.kotlin.EchoServer
import dev.torsion.examples.kotlin.Int32Question
import dev.torsion.examples.kotlin.LineAnswer
import dev.torsion.examples.kotlin.LogFileFactory
import dev.torsion.examples.kotlin.QuotesFactory
import dev.torsion.examples.kotlin.WriterFactory
import dev.torsion.examples.kotlin.askLines
import dev.torsion.examples.kotlin.quoteFactory
import dev.torsion.examples.kotlin.sendPrivate
import dev.torsion.examples.kotlin.serveInt32Answers
import dev.torsion.examples.kotlin.servePrivate
import dev.torsion.examples.kotlin.serveUpperCase
import dev.torsion.framing.Connection
import dev.torsion.framing.LineCodec
import dev.torsion.framing.connect
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.deleteExisting
import kotlin.io.path.readLines

/** What has two ends: servers and clients, which speak to each other across the languages. */
internal fun networkStops(): List<Stop> =
    listOf(
        stop(
            "QuoteServer",
            "The quote of the day",
            "A server that speaks first and closes. Both styles of factory: one is given its protocol, one overrides buildProtocol.",
            "Kotlin callbacks" plays
                { reactor, out -> quotes(reactor, out, quoteFactory("configurable quote"), QuotesFactory("Time flies.", "So do apples.")) },
        ),
        stop(
            "LogFileServer",
            "A file that the factory opens",
            "startFactory and stopFactory are called once, for two ports and two connections.",
            "Kotlin callbacks" plays { reactor, out -> logFile(reactor, out, ::LogFileFactory) },
        ),
        stop(
            "EchoServer",
            "Echo",
            "The server sends back what it hears; the client sends line after line.",
            "Kotlin server and client, callbacks" plays { reactor, out ->
                echo(reactor, out, { Factory { EchoServer(it) } }) { input, sink, ended -> EchoClientFactory(input, sink, ended) }
            },
        ),
        stop(
            "ChatServer",
            "Chat",
            "What one says goes to the others; the server counts; \"close\" closes.",
            "Kotlin callbacks" plays { reactor, out -> chat(reactor, out, ChatFactory(out.of("server"))) },
        ),
        stop(
            "WriterThread",
            "A thread that writes into a connection",
            "In Twisted a silent race; here refused with an error, and right by callFromThread.",
            "Kotlin callbacks" plays { reactor, out ->
                writer(reactor, out, serveUpperCase(reactor, ANY_PORT).await()) { sink, ended -> WriterFactory(reactor, sink, ended) }
            },
        ),
        stop(
            "Answers",
            "Questions and answers, by lines",
            "The answers come from a Deferred, so the server never blocks.",
            "Kotlin server (callbacks) and client (suspend)" plays { reactor, out ->
                val robot = Robot(reactor)
                val port = listen(reactor, Factory { LineAnswer(robot, out.of("server")) })
                askLines(reactor, port.endpoint(), questions(), out.of("client"))
                port.stopListening().await()
            },
        ),
        stop(
            "Answers",
            "Questions and answers, by strings",
            "The same behind a length of four bytes: Int32StringReceiver, with stringReceived.",
            "Kotlin server (suspend) and client (callbacks)" plays { reactor, out ->
                val port = serveInt32Answers(reactor, ANY_PORT, out.of("server")).await()
                val ended = Deferred<Unit>()
                val client = Int32Question(questions(), out.of("client")) { ended.callback(Unit) }
                clientFromString(reactor, port.endpoint()).connectProtocol(client).await()
                ended.await()
                port.stopListening().await()
            },
        ),
        stop(
            "PrivateServer",
            "A private protocol",
            "A header of three little-endian ints, then JSON. The answer has 51 bytes, as Python writes it.",
            "Kotlin server and client, suspend" plays { reactor, out ->
                val port = servePrivate(reactor, ANY_PORT, out.of("server")).await()
                sendPrivate(reactor, port.endpoint(), out.of("client"))
                port.stopListening().await()
            },
        ),
        stop(
            "UpperCaseServer",
            "A server in four lines",
            "Each line in upper case: the README's server.",
            "Kotlin suspend" plays { reactor, out -> upperCase(reactor, out, serveUpperCase(reactor, ANY_PORT).await()) },
        ),
    )

private const val ANY_PORT = "tcp:0:interface=127.0.0.1"

private fun questions() = Input.of("Who are you?", "What is a Deferred?", "What is love?")

private suspend fun listen(
    reactor: Reactor,
    factory: Factory,
): ListeningPort = serverFromString(reactor, ANY_PORT).listen(factory).await()

private fun ListeningPort.endpoint() = "tcp:127.0.0.1:${host().port}"

private suspend fun Reactor.lines(port: ListeningPort): Connection<String> = connect(port.endpoint(), LineCodec())

/** Two visitors of each of the two servers. */
private suspend fun quotes(
    reactor: Reactor,
    out: Output,
    one: Factory,
    several: Factory,
) {
    for (factory in listOf(one, several)) {
        val port = listen(reactor, factory)
        repeat(2) {
            val visitor = reactor.lines(port)
            out.println(visitor.receive())
            check(visitor.receiveOrNull() == null) { "the server does not close" }
        }
        port.stopListening().await()
    }
}

/** A line to each of two ports, and then what is in the file. */
private suspend fun logFile(
    reactor: Reactor,
    out: Output,
    factoryOf: (Path, Output) -> Factory,
) {
    val file = Files.createTempFile("torsion", ".log")
    val factory = factoryOf(file, out)
    val ports = List(2) { listen(reactor, factory) }
    for ((index, port) in ports.withIndex()) {
        val client = reactor.lines(port)
        client.send("a line for port number ${index + 1}")
        client.closeWrite()
        check(client.receiveOrNull() == null) // the server has read it all
    }
    for (port in ports) port.stopListening().await()
    file.readLines().forEach { out.println("in the file: $it") }
    file.deleteExisting()
}

private suspend fun echo(
    reactor: Reactor,
    out: Output,
    server: (Output) -> Factory,
    client: (Input, Output, () -> Unit) -> ClientFactory,
) {
    val port = listen(reactor, server(out.of("server")))
    val ended = Deferred<Unit>()
    val input = Input.of("hello", "Twisted", "")
    reactor.connectTcp("127.0.0.1", port.host().port, client(input, out.of("client")) { ended.callback(Unit) })
    ended.await()
    port.stopListening().await()
}

private suspend fun chat(
    reactor: Reactor,
    out: Transcript,
    room: Factory,
) {
    val port = listen(reactor, room)
    val ann = reactor.lines(port)
    out.println("Ann: ${ann.receive()}")
    val bo = reactor.lines(port)
    out.println("Bo: ${bo.receive()}")
    ann.send("hello Bo")
    out.println("Bo: ${bo.receive()}")
    bo.send("hello Ann")
    out.println("Ann: ${ann.receive()}")
    bo.send("close")
    check(bo.receiveOrNull() == null) { "the server does not close" }
    out.until("server: lost connection: 1")
    ann.send("close")
    check(ann.receiveOrNull() == null) { "the server does not close" }
    out.until("server: lost connection: 0")
    port.stopListening().await()
}

/** The writer's lines go to a server that answers in upper case. */
private suspend fun writer(
    reactor: Reactor,
    out: Output,
    port: ListeningPort,
    client: (Output, () -> Unit) -> ClientFactory,
) {
    val ended = Deferred<Unit>()
    reactor.connectTcp("127.0.0.1", port.host().port, client(out) { ended.callback(Unit) })
    ended.await()
    port.stopListening().await()
}

private suspend fun upperCase(
    reactor: Reactor,
    out: Output,
    port: ListeningPort,
) {
    val client = reactor.lines(port)
    for (line in listOf("hello", "torsion")) {
        client.send(line)
        out.println("$line -> ${client.receive()}")
    }
    client.close()
    port.stopListening().await()
}
