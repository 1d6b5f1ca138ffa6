// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

/**
 * The programs of a [MemoryReactor]: `spawnProcess`, `getProcessOutput` and `ProcessEndpoint` run them in place of the machine's. A program is a
 * function of the test, which plays the process: it reads, writes and exits when the test wants it. All of that takes no time but on the virtual
 * clock. No thread and no pipe of the system is involved.
 *
 * ```java
 * reactor.processes().add("greet", process -> {
 *   process.print("hello\n");
 *   process.exit(0);
 * });
 * var said = reactor.await(Torsion.on(reactor).processOutput(ProcessCommand.of("greet")));
 * ```
 *
 * The end of the reactor tells its processes to end. After that no time passes for them.
 *
 * A command whose executable was not added cannot be started, as a program that is not there.
 *
 * Thread: the test's.
 */
public class MemoryProcesses internal constructor() {
    private val programs = HashMap<String, MemoryProgram>()

    private val known = ArrayList<MemoryProcess>()

    /** Those that were asked for, in order. One that could not be started is among them. */
    @get:JvmName("all")
    public val all: List<MemoryProcess> get() = known.toList()

    /** From now on, commands with this [executable] run [program]; each process begins with it. */
    public fun add(executable: String, program: MemoryProgram) {
        programs[executable] = program
    }

    /** There is no such program any more. Those that run go on. */
    public fun remove(executable: String) {
        programs.remove(executable)
    }

    @JvmSynthetic
    internal fun program(executable: String): MemoryProgram? = programs[executable]

    /** Takes in a new [process], and gives its number. */
    @JvmSynthetic
    internal fun admit(process: MemoryProcess): Long {
        known.add(process)
        return FIRST_PID + known.size
    }

    override fun toString(): String = "MemoryProcesses(${programs.keys.sorted()}, ${known.count { it.isAlive }} running)"

    private companion object {
        const val FIRST_PID = 1000L
    }
}

/** A program that a test plays; see [MemoryProcesses]. */
public fun interface MemoryProgram {
    /** A process of it begins. An exception of this or of a handler of [process] is reported, and ends the process with exit code 1. */
    public fun begin(process: MemoryProcess)
}
