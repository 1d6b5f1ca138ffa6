// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

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
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.spread.pb.PBServerFactory
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
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
@Command(name = "web", description = ["HTTP/1.1: the files below a folder, without names that begin with a dot."])
internal class WebCommand : ServerCommand() {
    @Option(names = ["-p", "--path"], paramLabel = "DIR", required = true, description = ["The folder."])
    private lateinit var folder: Path

    override fun call(): Int {
        if (!folder.isDirectory()) throw ParameterException(commandLine, "there is no folder $folder")
        return super.call()
    }

    override fun listen(reactor: Reactor, endpoint: String) =
        serverFromString(reactor, endpoint).listen(Site.of(reactor, StaticFiles.of(reactor, folder)))
}
