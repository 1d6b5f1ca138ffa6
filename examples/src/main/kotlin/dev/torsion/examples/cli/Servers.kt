// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.datagramFromString
import dev.torsion.endpoint.serverFromString
import dev.torsion.examples.kotlin.ChatFactory
import dev.torsion.examples.kotlin.PerspectiveServer
import dev.torsion.examples.kotlin.mathFactory
import dev.torsion.examples.kotlin.quoteFactory
import dev.torsion.examples.kotlin.servePrivate
import dev.torsion.examples.kotlin.serveUpperCase
import dev.torsion.framing.Int32Codec
import dev.torsion.framing.serve
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.spread.pb.PBServerFactory
import dev.torsion.web.AccessLog
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.proxy.ReverseProxy
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import picocli.CommandLine.ParameterException
import java.nio.ByteBuffer
import java.nio.file.Path
import kotlin.io.path.isDirectory

/** `torsion echo`. */
@Command(
    name = "echo",
    description = ["A server that sends back every byte; with --listen udp:PORT[:interface=ADDRESS] every datagram."],
)
internal class EchoCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = if (endpoint.startsWith("udp:")) {
        datagramFromString(reactor, endpoint).listen(EchoDatagrams())
    } else {
        serverFromString(reactor, endpoint).listen(Factory { Echo() })
    }

    /** A datagram goes back from the reactor's read buffer. */
    private class EchoDatagrams : DatagramProtocol() {
        override fun datagramReceived(view: ByteBuffer, sender: InternetAddress) = transport.write(view, sender)
    }

    /** The bytes go from the reactor's read buffer to its write buffer. A client that does not read is not read from either. */
    private class Echo : Protocol() {
        override fun connectionMade() = transport.registerProducer(transport, streaming = true)

        override fun dataReceived(view: ByteBuffer) = transport.write(view)
    }
}

/** `torsion lines`. */
@Command(name = "lines", description = ["A server that answers each line in upper case."])
internal class LinesCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = serveUpperCase(reactor, endpoint)
}

/** `torsion chat`. */
@Command(name = "chat", description = ["A chat: what one client says goes to all others; the line \"close\" closes its connection."])
internal class ChatCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = serverFromString(reactor, endpoint).listen(ChatFactory(reactor, lines))
}

/** `torsion qotd`. */
@Command(name = "qotd", description = ["A server that says the quote of the day and closes."])
internal class QotdCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = serverFromString(reactor, endpoint).listen(quoteFactory())
}

/** `torsion int32`. */
@Command(name = "int32", description = ["A server that sends back each string behind a big-endian length of four bytes."])
internal class Int32Command : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = reactor.serve(endpoint, Int32Codec()) { connection ->
        for (string in connection.incoming) connection.send(string)
    }
}

/** `torsion private`. */
@Command(
    name = "private",
    description = ["The documents' private protocol: a header of three little-endian ints (version, length, command), then JSON."],
)
internal class PrivateCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = servePrivate(reactor, endpoint, lines)
}

/** `torsion pb`. */
@Command(name = "pb", description = ["Perspective Broker: the documents' root object, whose get_main returns a second one."])
internal class PbCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) =
        serverFromString(reactor, endpoint).listen(PBServerFactory(PerspectiveServer(lines)))
}

/** `torsion amp`. */
@Command(name = "amp", description = ["AMP: the documents' commands Sum and Divide."])
internal class AmpCommand : ServerCommand() {
    override fun listen(reactor: Reactor, endpoint: String) = serverFromString(reactor, endpoint).listen(mathFactory())
}

/** `torsion web`. */
@Command(
    name = "web",
    description = [
        "HTTP/1.1: the files below a folder, without names that begin with a dot; or what another server answers. " +
            "Shows each request.",
    ],
)
internal class WebCommand : ServerCommand() {
    @Option(names = ["-p", "--path"], paramLabel = "DIR", description = ["The folder."])
    private var folder: Path? = null

    @Option(names = ["--proxy"], paramLabel = "URL", description = ["The other server, in place of a folder."])
    private var target: String? = null

    @Option(names = ["--list"], description = ["Lists folders that have no index.html."])
    private var isListing = false

    override fun call(): Int {
        val path = folder
        if ((path == null) == (target == null)) throw ParameterException(commandLine, "give either --path or --proxy")
        if (path != null && !path.isDirectory()) throw ParameterException(commandLine, "there is no folder $path")
        target?.let(::check)
        return super.call()
    }

    override fun listen(reactor: Reactor, endpoint: String): Deferred<ListeningPort> {
        val handler = target?.let { ReverseProxy.of(reactor, it) } ?: files(reactor)
        val log = AccessLog.combined(out::println).takeUnless { endpoint.startsWith("stdio:") } // where the output is the client's
        return serverFromString(reactor, endpoint).listen(Site.of(reactor, handler, HttpServerOptions.DEFAULT.withListener(log)))
    }

    private fun files(reactor: Reactor) = StaticFiles.of(reactor, folder!!).let { if (isListing) it.withListing() else it }

    private fun check(url: String) {
        val isTarget = runCatching { ClientRequest.get(url) }.isSuccess && '?' !in url && '#' !in url
        if (!isTarget) throw ParameterException(commandLine, "--proxy needs a URL such as http://127.0.0.1:8081/")
    }
}
