// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.nio.SocketFiles
import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.net.BindException
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermission

/** The files and locks of UNIX sockets in memory: one folder for all paths. */
@OptIn(TorsionSpi::class)
internal class MemorySocketFiles : SocketFiles {
    private class File(val server: MemoryServerChannel?) {
        var mode: Set<PosixFilePermission> = emptySet()
    }

    private val files = HashMap<Path, File>()
    private val locks = HashMap<Path, Boolean>() // whether the process lives

    /** Makes the file of a new socket. */
    fun bind(path: Path, server: MemoryServerChannel) {
        if (files.putIfAbsent(path, File(server)) != null) throw BindException("Address already in use")
    }

    fun serverAt(path: Path): MemoryServerChannel? = files[path]?.server?.takeIf { it.isOpen }

    fun modeOf(path: Path): Set<PosixFilePermission>? = files[path]?.mode

    /** The file that a killed server leaves. */
    fun leave(path: Path, isLocked: Boolean) {
        files[path] = File(null)
        if (isLocked) locks[path] = false
    }

    override fun lock(path: Path) {
        if (locks[path] == true) throw IOException("another process has the lock $path.lock")
        locks[path] = true
    }

    override fun unlock(path: Path) {
        locks.remove(path)
    }

    override fun isLocked(path: Path): Boolean = locks[path] == true

    override fun removeStale(path: Path) {
        if (serverAt(path) == null) files.remove(path)
    }

    override fun own(path: Path, mode: Set<PosixFilePermission>): Any? = files[path]?.also { it.mode = mode }

    override fun remove(path: Path, key: Any?) {
        if (files[path] === key) files.remove(path)
    }
}
