// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.IOException
import java.io.OutputStream
import java.nio.file.Path

/**
 * A program that is started without a standard input or output (`<&-` in a shell) gets that descriptor for the first file that it opens. For a JVM
 * this is a file of its own, which would be read as what the user types. Only Linux tells.
 */
internal object StandardDescriptors {
    /** Whether descriptor [number] is a file of the JVM. */
    fun isTakenByJvm(number: Int): Boolean {
        val file =
            try {
                Path.of("/proc/self/fd/$number").toRealPath()
            } catch (_: IOException) {
                return false // a pipe or a socket, or no such folder
            }
        return file.startsWith(JAVA_HOME) || file.any { "$it".startsWith("hsperfdata_") }
    }

    /** Standard output. */
    fun output(): OutputStream = if (isTakenByJvm(1)) Closed else FileOutputStream(FileDescriptor.out)

    private object Closed : OutputStream() {
        override fun write(b: Int) = throw IOException("standard output is closed")
    }

    private val JAVA_HOME = Path.of(System.getProperty("java.home")).toRealPath()
}
