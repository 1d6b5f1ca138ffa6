// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import java.nio.file.Path
import java.time.Duration
import java.util.Collections

/**
 * A program to run: the executable with its arguments, its environment and its folder. No shell reads it, so nothing needs quotes. Immutable.
 *
 * ```java
 * ProcessCommand.of("git", "log", "-1").withFolder(Path.of("/src")).withVariable("LC_ALL", "C")
 * ```
 *
 * @property environment all variables; null for those of this JVM (Twisted: none at all, unless given)
 * @property folder where it runs; null for the folder of this JVM. Twisted's `path`
 * @property leavesRunning whether the process goes on when the reactor ends; otherwise it is told to end then
 * @property killAfter how long a process that the library tells to end (TERM) has for that, before it is killed (KILL): at the end of the reactor, and
 *   when a connection to it does not close in time. 5 seconds, unless said otherwise
 * @throws IllegalArgumentException when there is no executable, or [killAfter] is not positive
 */
public class ProcessCommand
@JvmOverloads
constructor(
    command: List<String>,
    public val environment: Map<String, String>? = null,
    public val folder: Path? = null,
    public val leavesRunning: Boolean = false,
    public val killAfter: Duration = DEFAULT_KILL_AFTER,
) {
    /** The executable, and its arguments. A name without a folder is looked for in `PATH`. */
    public val command: List<String> = Collections.unmodifiableList(ArrayList(command))

    init {
        require(this.command.isNotEmpty() && this.command.first().isNotEmpty()) { "a command needs an executable" }
        require(!killAfter.isNegative && !killAfter.isZero) { "the time before a process is killed must be positive, but is $killAfter" }
    }

    /** This command with these variables and no others; null for those of this JVM. */
    public fun withEnvironment(variables: Map<String, String>?): ProcessCommand =
        ProcessCommand(command, variables?.let { LinkedHashMap(it) }, folder, leavesRunning, killAfter)

    /** This command with one more variable, or another value of it. */
    public fun withVariable(name: String, value: String): ProcessCommand =
        withEnvironment((environment ?: System.getenv()) + (name to value))

    /** This command in another folder. */
    public fun withFolder(folder: Path?): ProcessCommand = ProcessCommand(command, environment, folder, leavesRunning, killAfter)

    /** This command, which goes on, or not, when the reactor ends. */
    public fun withLeavesRunning(isLeft: Boolean): ProcessCommand = ProcessCommand(command, environment, folder, isLeft, killAfter)

    /** This command, whose process has [time] to end when it is told to. */
    public fun withKillAfter(time: Duration): ProcessCommand = ProcessCommand(command, environment, folder, leavesRunning, time)

    /** The name of the executable, without its folder. */
    @get:JvmSynthetic
    internal val name: String get() = command.first().substringAfterLast('/').substringAfterLast('\\')

    @JvmSynthetic
    internal fun builder(): ProcessBuilder = ProcessBuilder(command).also { builder ->
        environment?.let {
            builder.environment().clear()
            builder.environment().putAll(it)
        }
        folder?.let { builder.directory(it.toFile()) }
    }

    override fun toString(): String = command.joinToString(" ")

    public companion object {
        private val DEFAULT_KILL_AFTER = Duration.ofSeconds(5)

        /** The program [executable] with [arguments]. */
        @JvmStatic
        public fun of(executable: String, vararg arguments: String): ProcessCommand = ProcessCommand(listOf(executable) + arguments)
    }
}
