// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import picocli.CommandLine
import picocli.CommandLine.Command
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.OutputStream
import java.io.PrintWriter
import java.util.Properties
import kotlin.system.exitProcess

/** The command `torsion`: a tour, small servers to try things against, and a console client. */
@Command(
    name = "torsion",
    description = ["Twisted's model of networking for the JVM: a tour, small servers, and a console client."],
    mixinStandardHelpOptions = true,
    versionProvider = Version::class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = [
        TourCommand::class,
        EchoCommand::class,
        LinesCommand::class,
        ChatCommand::class,
        QotdCommand::class,
        Int32Command::class,
        PrivateCommand::class,
        PbCommand::class,
        AmpCommand::class,
        WebCommand::class,
        GetCommand::class,
        ConnectCommand::class,
    ],
    footer = [
        "",
        "Try: torsion tour",
        "Or, in two terminals: torsion lines, and: torsion connect tcp:127.0.0.1:8007",
        "Beside its peers: torsion bench --quick",
    ],
)
class TorsionCommand : TorsionSubcommand() {
    override fun call(): Int {
        commandLine.usage(out)
        return CommandLine.ExitCode.OK
    }

    companion object {
        /** The command line, ready to [execute][CommandLine.execute]. */
        fun commandLine(): CommandLine = CommandLine(TorsionCommand())
            .setParameterExceptionHandler(::explainMistake)
            .setExecutionExceptionHandler(::explainFailure)

        /** Runs the command; its output is UTF-8, whatever the locale. */
        @JvmStatic
        fun main(args: Array<String>) {
            val command = commandLine().setOut(utf8(FileDescriptor.out)).setErr(utf8(FileDescriptor.err))
            exitProcess(command.execute(*args))
        }

        private fun utf8(descriptor: FileDescriptor) = utf8(FileOutputStream(descriptor))

        private fun utf8(stream: OutputStream) = PrintWriter(stream.writer(), true)
    }
}

/** The text of `--version`. */
internal class Version : CommandLine.IVersionProvider {
    override fun getVersion(): Array<String> {
        val properties = Properties()
        Version::class.java.getResourceAsStream("version.properties").use { properties.load(it) }
        return arrayOf("torsion ${properties["version"]}, on Java ${Runtime.version().feature()}")
    }
}
