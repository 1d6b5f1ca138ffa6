// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.endpoint.EndpointSyntaxException
import dev.torsion.framing.EncodeException
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.net.CloseReason
import dev.torsion.net.ProtocolViolationException
import picocli.CommandLine
import picocli.CommandLine.ExitCode
import picocli.CommandLine.ParameterException
import picocli.CommandLine.ParseResult
import java.io.IOException
import java.nio.file.AccessDeniedException
import java.nio.file.FileSystemException
import java.nio.file.NoSuchFileException

/** For a command line that is not understood: what is wrong with it, and where help is. */
internal fun explainMistake(mistake: ParameterException, @Suppress("UNUSED_PARAMETER") args: Array<String>): Int {
    val command = mistake.commandLine
    command.err.println("${command.commandSpec.qualifiedName()}: ${mistake.message} (see ${command.commandSpec.qualifiedName()} --help)")
    return ExitCode.USAGE
}

/** One line for what a user can understand and put right; everything else is a fault of ours and keeps its stack trace. */
internal fun explainFailure(failure: Exception, command: CommandLine, @Suppress("UNUSED_PARAMETER") parsed: ParseResult): Int {
    val code =
        when (failure) {
            is EndpointSyntaxException, is CannotListenException, is CannotConnectException, is EncodeException -> ExitCode.USAGE
            is CloseReason, is ProtocolViolationException, is IOException -> ExitCode.SOFTWARE
            else -> throw failure
        }
    command.err.println("${command.commandSpec.qualifiedName()}: ${reason(failure)}")
    return code
}

/** The exceptions of files say as a rule only which file it is. */
private fun reason(failure: Exception): String? = when {
    failure !is FileSystemException || failure.reason != null -> failure.message
    failure is NoSuchFileException -> "${failure.file}: there is no such file"
    failure is AccessDeniedException -> "${failure.file}: that is not allowed"
    else -> "$failure"
}
