// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/** Runs the `main` of [program] in a JVM of its own with debug mode off, checks that it ends well, and gives what it prints. */
internal fun runWithoutDebug(program: Class<*>, options: List<String> = emptyList(), vararg arguments: String): String {
    val java = ProcessHandle.current().info().command().orElseThrow()
    val classPath = System.getProperty("java.class.path")
    val command = listOf(java, "-D${DeferredDebug.PROPERTY}=off") + options + listOf("-cp", classPath, program.name) + arguments
    val process = ProcessBuilder(command).redirectErrorStream(true).start()
    val text = process.inputStream.bufferedReader().readText()
    check(process.waitFor() == 0) { text }
    return text
}
