// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.defer.await
import dev.torsion.examples.Input
import dev.torsion.framing.Codec
import dev.torsion.framing.Int16Codec
import dev.torsion.framing.Int32Codec
import dev.torsion.framing.Int8Codec
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.NetstringCodec
import dev.torsion.framing.RawCodec
import dev.torsion.framing.connect
import dev.torsion.log.escaped
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.reactor.stopOnShutdown
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import picocli.CommandLine.Command
import picocli.CommandLine.ITypeConverter
import picocli.CommandLine.Option
import picocli.CommandLine.Parameters
import picocli.CommandLine.TypeConversionException
import kotlin.time.Duration.Companion.seconds

/** `torsion connect`. */
@Command(
    name = "connect",
    description = [
        "A console client: sends each line of standard input as a message, and prints the messages that come.",
        "At the end of the input it ends its side, and prints what still comes until the server closes.",
    ],
)
internal class ConnectCommand : TorsionSubcommand() {
    @Parameters(paramLabel = "ENDPOINT", description = ["Where to connect: tcp:HOST:PORT[:timeout=SECONDS]."])
    private lateinit var endpoint: String

    @Option(
        names = ["-c", "--codec"],
        paramLabel = "CODEC",
        defaultValue = "line",
        converter = [ConsoleCodec.Converter::class],
        description = ["How messages are told apart: \${COMPLETION-CANDIDATES}. Default: \${DEFAULT-VALUE}"],
    )
    private lateinit var codec: ConsoleCodec

    @Option(names = ["-h", "--help"], usageHelp = true, description = ["Show this help message and exit."])
    private var helpRequested = false

    override fun call(): Int {
        val reactor = Reactor.create()
        reactor.stopOnShutdown(5.seconds)
        return react(reactor) { talk(reactor.connect(endpoint, codec.codec), Input.console(reactor)) }
    }

    private suspend fun talk(connection: MessageConnection<ByteArray>, input: Input) = coroutineScope {
        val sender =
            launch {
                while (true) {
                    val line = input.readLine().await() ?: break
                    connection.send((line + codec.ending).encodeToByteArray())
                }
                connection.closeWrite()
            }
        for (message in connection.incoming) {
            out.print(shown(message.decodeToString()))
            if (codec.ending.isEmpty()) out.println() else out.flush()
        }
        sender.cancel()
    }
}

/** The text of a peer, with its lines, and without bytes that a terminal would take for a command. */
internal fun shown(text: String): String =
    text.split("\r\n").joinToString("\r\n") { part -> part.split('\n').joinToString("\n") { escaped(it, Int.MAX_VALUE) } }

/** The framings of the console client; [ending] is what a line of the console still needs. */
internal enum class ConsoleCodec(val codec: Codec<ByteArray>, val ending: String = "") {
    LINE(LineCodec().bytes()),
    INT32(Int32Codec()),
    INT16(Int16Codec()),
    INT8(Int8Codec()),
    NETSTRING(NetstringCodec()),
    RAW(RawCodec(), "\n"),
    ;

    override fun toString() = name.lowercase()

    /** Knows them by the names that `--help` shows. */
    class Converter : ITypeConverter<ConsoleCodec> {
        override fun convert(value: String): ConsoleCodec = entries.find { it.toString() == value }
            ?: throw TypeConversionException("there is no codec \"$value\", but there are ${entries.joinToString(", ")}")
    }
}
