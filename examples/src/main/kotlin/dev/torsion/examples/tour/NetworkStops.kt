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
import dev.torsion.examples.kotlin.EventLogFactory
import dev.torsion.examples.kotlin.Int32Question
import dev.torsion.examples.kotlin.LineAnswer
import dev.torsion.examples.kotlin.LogFileFactory
import dev.torsion.examples.kotlin.QuotesFactory
import dev.torsion.examples.kotlin.WriterFactory
import dev.torsion.examples.kotlin.askLines
import dev.torsion.examples.kotlin.quoteFactory
import dev.torsion.examples.kotlin.sendPrivate
import dev.torsion.examples.kotlin.serveHashes
import dev.torsion.examples.kotlin.serveInt32Answers
import dev.torsion.examples.kotlin.servePrivate
import dev.torsion.examples.kotlin.serveUpperCase
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.connect
import dev.torsion.group.ReactorGroup
import dev.torsion.java.Torsion
import dev.torsion.java.TorsionGroup
import dev.torsion.log.json.JsonLines
import dev.torsion.log.json.LoggedException
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.LongAdder
import kotlin.io.path.bufferedReader
import kotlin.io.path.deleteExisting
import kotlin.io.path.readLines
import dev.torsion.examples.java.ChatServer as JavaChatServer
import dev.torsion.examples.java.EchoClient as JavaEchoClient
import dev.torsion.examples.java.EchoServer as JavaEchoServer
import dev.torsion.examples.java.EventLogServer as JavaEventLogServer
import dev.torsion.examples.java.HashServer as JavaHashServer
import dev.torsion.examples.java.Int32AnswerServer as JavaInt32AnswerServer
import dev.torsion.examples.java.Int32QuestionClient as JavaInt32QuestionClient
import dev.torsion.examples.java.LineAnswerServer as JavaLineAnswerServer
import dev.torsion.examples.java.LineQuestionClient as JavaLineQuestionClient
import dev.torsion.examples.java.LogFileServer as JavaLogFileServer
import dev.torsion.examples.java.PrivateClient as JavaPrivateClient
import dev.torsion.examples.java.PrivateServer as JavaPrivateServer
import dev.torsion.examples.java.QuoteServer as JavaQuoteServer
import dev.torsion.examples.java.UpperCaseServer as JavaUpperCaseServer
import dev.torsion.examples.java.WriterThread as JavaWriterThread

/** Stops with two ends: servers and clients, which speak to each other across the languages. */
internal fun networkStops(): List<Stop> = listOf(
    stop(
        "QuoteServer",
        "The quote of the day",
        "A server that speaks first and closes. Both styles of factory: one is given its protocol, one overrides buildProtocol.",
        "Java callbacks" plays { reactor, out ->
            quotes(reactor, out, JavaQuoteServer.factory(QUOTE), JavaQuoteServer.Quotes(*QUOTES))
        },
        "Kotlin callbacks" plays { reactor, out -> quotes(reactor, out, quoteFactory(QUOTE), QuotesFactory(*QUOTES)) },
    ),
    stop(
        "LogFileServer",
        "A file that the factory opens",
        "startFactory and stopFactory are called once, for two ports and two connections.",
        "Java callbacks" plays { reactor, out -> logFile(reactor, out, ::JavaLogFileServer) },
        "Kotlin callbacks" plays { reactor, out -> logFile(reactor, out, ::LogFileFactory) },
    ),
    stop(
        "EventLogServer",
        "A log of events",
        "What happens is logged as values, not only as text: here one line of JSON for each event, read back.",
        "Java callbacks" plays { reactor, out -> eventLog(reactor, out, ::JavaEventLogServer) },
        "Kotlin callbacks" plays { reactor, out -> eventLog(reactor, out, ::EventLogFactory) },
    ),
    stop(
        "EchoServer",
        "Echo",
        "The server sends back what it hears; the client sends line after line.",
        "Java server, Kotlin client" plays { reactor, out ->
            echo(reactor, out, ::JavaEchoServer, ::EchoClientFactory)
        },
        "Kotlin server, Java client" plays { reactor, out ->
            echo(reactor, out, ::EchoServer) { input, sink, ended -> JavaEchoClient.Clients(input, sink, ended) }
        },
    ),
    stop(
        "ChatServer",
        "Chat",
        "What one says goes to the others; the server counts; \"close\" closes.",
        "Java callbacks" plays { reactor, out -> chat(reactor, out, JavaChatServer(reactor, out.of("server"))) },
        "Kotlin callbacks" plays { reactor, out -> chat(reactor, out, ChatFactory(reactor, out.of("server"))) },
    ),
    stop(
        "WriterThread",
        "A thread that writes into a connection",
        "In Twisted a silent race; here refused with an error, and right by way of the reactor.",
        "Java thread, Kotlin server" plays { reactor, out ->
            val port = serveUpperCase(reactor, ANY_PORT).await()
            reactor.done(JavaWriterThread.run(Torsion.on(reactor), port.endpoint(), out))
            port.stopListening().await()
        },
        "Kotlin thread, Java server" plays { reactor, out ->
            val server = reactor.done(JavaUpperCaseServer.serve(Torsion.on(reactor), ANY_PORT))
            connect(reactor, server.port()) { ended -> WriterFactory(reactor, out, ended) }
            reactor.done(server.stop())
        },
    ),
    stop(
        "Answers",
        "Questions and answers, by lines",
        "The answers come from a Deferred, so the server never blocks.",
        "Java server (futures), Kotlin client (suspend)" plays { reactor, out ->
            val server = reactor.done(JavaLineAnswerServer.serve(Torsion.on(reactor), ANY_PORT, out.of("server")))
            askLines(reactor, endpoint(server.port()), questions(), out.of("client"))
            reactor.done(server.stop())
        },
        "Kotlin server (callbacks), Java client (futures)" plays { reactor, out ->
            val robot = Robot(reactor)
            val port = listen(reactor, Factory { LineAnswer(robot, out.of("server")) })
            reactor.done(JavaLineQuestionClient.run(Torsion.on(reactor), port.endpoint(), questions(), out.of("client")))
            port.stopListening().await()
        },
    ),
    stop(
        "Answers",
        "Questions and answers, by strings",
        "The same behind a length of four bytes: Int32StringReceiver, with stringReceived.",
        "Java server, Kotlin client (callbacks)" plays { reactor, out ->
            val robot = Robot(reactor)
            val port = listen(reactor, Factory { JavaInt32AnswerServer(robot, out.of("server")) })
            val ended = Deferred<Unit>()
            val client = Int32Question(questions(), out.of("client")) { ended.callback(Unit) }
            clientFromString(reactor, port.endpoint()).connectProtocol(client).await()
            ended.await()
            port.stopListening().await()
        },
        "Kotlin server (suspend), Java client (callbacks)" plays { reactor, out ->
            val port = serveInt32Answers(reactor, ANY_PORT, out.of("server")).await()
            reactor.done(JavaInt32QuestionClient.run(Torsion.on(reactor), port.endpoint(), questions(), out.of("client")))
            port.stopListening().await()
        },
    ),
    stop(
        "PrivateServer",
        "A private protocol",
        "A header of three little-endian ints, then JSON. The answer has 51 bytes, as Python writes it.",
        "Java server (futures, Jackson), Kotlin client (suspend, kotlinx-serialization)" plays { reactor, out ->
            val server = reactor.done(JavaPrivateServer.serve(Torsion.on(reactor), ANY_PORT, out.of("server")))
            sendPrivate(reactor, endpoint(server.port()), out.of("client"))
            reactor.done(server.stop())
        },
        "the other way round" plays { reactor, out ->
            val port = servePrivate(reactor, ANY_PORT, out.of("server")).await()
            reactor.done(JavaPrivateClient.run(Torsion.on(reactor), port.endpoint(), out.of("client")))
            port.stopListening().await()
        },
    ),
    stop(
        "UpperCaseServer",
        "A server in four lines",
        "It answers each line in upper case.",
        "Java futures" plays { reactor, out ->
            val server = reactor.done(JavaUpperCaseServer.serve(Torsion.on(reactor), ANY_PORT))
            upperCase(reactor, out, endpoint(server.port()))
            reactor.done(server.stop())
        },
        "Kotlin suspend" plays { reactor, out ->
            val port = serveUpperCase(reactor, ANY_PORT).await()
            upperCase(reactor, out, port.endpoint())
            port.stopListening().await()
        },
    ),
    stop(
        "HashServer",
        "A server on two cores",
        "Two reactors share a port, each with a thread of its own; each connection stays on one of them.",
        "Java futures" plays { reactor, out ->
            val served = LongAdder()
            TorsionGroup.start(2, TWO_HASHERS).use { group ->
                hashes(reactor, out, reactor.done(JavaHashServer.serve(group, ANY_PORT, served)).port())
            }
            out.println("${served.sum()} lines in all")
        },
        "Kotlin suspend" plays { reactor, out ->
            val served = LongAdder()
            ReactorGroup.create(2, TWO_HASHERS).use { group ->
                group.start()
                hashes(reactor, out, serveHashes(group, ANY_PORT, served).port())
            }
            out.println("${served.sum()} lines in all")
        },
    ),
)

private const val ANY_PORT = "tcp:0:interface=127.0.0.1"
private const val QUOTE = "configurable quote"
private val QUOTES = arrayOf("Time flies.", "So do apples.")

private val TWO_HASHERS = ReactorOptions("hash")

private fun questions() = Input.of("Who are you?", "What is a Deferred?", "What is love?")

private suspend fun listen(reactor: Reactor, factory: Factory): ListeningPort = serverFromString(reactor, ANY_PORT).listen(factory).await()

private fun endpoint(port: Int) = "tcp:127.0.0.1:$port"

private fun ListeningPort.endpoint() = endpoint(port())

/** Connects a client of the tutorials' kind, and waits until it says that it has ended. */
private suspend fun connect(reactor: Reactor, port: Int, client: (() -> Unit) -> ClientFactory) {
    val ended = Deferred<Unit>()
    reactor.connectTcp("127.0.0.1", port, client { ended.callback(Unit) })
    ended.await()
}

private suspend fun Reactor.lines(port: ListeningPort): MessageConnection<String> = connect(port.endpoint(), LineCodec())

/** Two visitors of each of the two servers. */
private suspend fun quotes(reactor: Reactor, out: Output, one: Factory, several: Factory) {
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
private suspend fun logFile(reactor: Reactor, out: Output, factoryOf: (Path, Output) -> Factory) {
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

private suspend fun eventLog(reactor: Reactor, out: Output, factoryOf: (Path) -> Factory) {
    val file = Files.createTempFile("torsion", ".jsonl")
    val port = listen(reactor, factoryOf(file))
    val client = reactor.lines(port)
    for (line in listOf("20", "22", "twenty")) client.send(line)
    client.closeWrite()
    check(client.receiveOrNull() == null) // the server has read it all
    port.stopListening().await()
    file.bufferedReader().use { reader ->
        JsonLines.events(reader).forEach { event ->
            val error = (event.throwable as? LoggedException)?.let { " ${it.type}" } ?: ""
            out.println("${event.level} ${event.message} ${event.values.keys}$error")
        }
    }
    file.deleteExisting()
}

private suspend fun echo(
    reactor: Reactor,
    out: Output,
    server: (Output) -> Protocol,
    client: (Input, Output, () -> Unit) -> ClientFactory,
) {
    val port = listen(reactor, Factory { server(out.of("server")) })
    val input = Input.of("hello", "Twisted", "")
    connect(reactor, port.port()) { ended -> client(input, out.of("client"), ended) }
    port.stopListening().await()
}

private suspend fun chat(reactor: Reactor, out: Transcript, room: Factory) {
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

internal suspend fun upperCase(reactor: Reactor, out: Output, endpoint: String) {
    val client = reactor.connect(endpoint, LineCodec())
    for (line in listOf("hello", "torsion")) {
        client.send(line)
        out.println("$line -> ${client.receive()}")
    }
    client.close()
}

/** One line on each of four connections, which the reactors take in turn. */
private suspend fun hashes(reactor: Reactor, out: Output, port: Int) {
    for (line in listOf("one", "two", "three", "four")) {
        val client = reactor.connect(endpoint(port), LineCodec())
        client.send(line)
        out.println("$line -> ${client.receive()}")
        client.close()
    }
}
