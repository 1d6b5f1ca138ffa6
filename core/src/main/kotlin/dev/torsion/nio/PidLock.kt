// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import java.io.IOException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.NoSuchFileException
import java.nio.file.NotLinkException
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.util.concurrent.ConcurrentHashMap

/**
 * The lock of a socket: a symbolic link `PATH.lock` to the number of the process that has it, as Twisted's `FilesystemLock` makes it. So
 * servers of both keep away from each other.
 *
 * A lock is stale when its process is gone. It is stale, too, when that number is another process's by now: one that has begun after the
 * lock was taken, or this one, which has not taken it. The latter is usual in a container, where a server has the same number each time.
 */
internal class PidLock private constructor(private val file: Path) {
    /** Takes it; throws an [IOException] when another living process, or another port of this one, has it. */
    fun take() {
        val key = file.toAbsolutePath().normalize()
        if (!held.add(key)) throw IOException("this process has the lock $file already")
        try {
            repeat(MOST_TRIES) { if (tryToTake()) return }
            throw IOException("the lock $file comes and goes")
        } catch (e: Throwable) {
            held.remove(key)
            throw e
        }
    }

    private fun tryToTake(): Boolean = try {
        Files.createSymbolicLink(file, Path.of("$OWN"))
        true
    } catch (_: FileAlreadyExistsException) {
        val holder = holder()
        when {
            holder == null -> Unit // it has just been given back
            holder != OWN && isTakenBy(holder) -> throw IOException("process $holder has the lock $file")
            else -> removeStale(holder)
        }
        false
    } catch (e: UnsupportedOperationException) {
        throw IOException("the file system of $file has no symbolic links", e)
    }

    /** Moved aside before it is looked at again: another one who saw the same stale lock may have a new one there by now. */
    fun removeStale(holder: Long) {
        val aside = file.resolveSibling("${file.fileName}.$OWN")
        try {
            Files.move(file, aside, ATOMIC_MOVE)
        } catch (_: NoSuchFileException) {
            return
        }
        val moved = Files.readSymbolicLink(aside)
        try {
            if ("$moved" != "$holder") Files.createSymbolicLink(file, moved)
        } catch (_: FileAlreadyExistsException) {
            // Somebody has a newer one.
        } finally {
            Files.deleteIfExists(aside)
        }
    }

    /** Gives it back. */
    fun release() {
        if (!held.remove(file.toAbsolutePath().normalize())) return
        if (holder() == OWN) Files.deleteIfExists(file)
    }

    /** Whether a living process has it. */
    val isHeld: Boolean
        get() {
            val holder =
                try {
                    holder()
                } catch (_: IOException) {
                    null
                } ?: return false
            return if (holder == OWN) file.toAbsolutePath().normalize() in held else isTakenBy(holder)
        }

    /** The process that it names; null when it is not there. */
    private fun holder(): Long? = try {
        val target = Files.readSymbolicLink(file).toString()
        target.toLongOrNull() ?: throw IOException("$file is no lock: it leads to \"$target\"")
    } catch (_: NoSuchFileException) {
        null
    } catch (e: NotLinkException) {
        throw IOException("$file is no lock, but another file", e)
    }

    private fun isTakenBy(pid: Long): Boolean {
        val process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive).orElse(null) ?: return false
        val begin = process.info().startInstant().orElse(null) ?: return true
        val taken =
            try {
                Files.getLastModifiedTime(file, NOFOLLOW_LINKS).toInstant()
            } catch (_: NoSuchFileException) {
                return false
            }
        return begin <= taken.plusSeconds(INACCURACY_SECONDS)
    }

    companion object {
        private val OWN = ProcessHandle.current().pid()
        private val held: MutableSet<Path> = ConcurrentHashMap.newKeySet()
        private const val MOST_TRIES = 10
        private const val INACCURACY_SECONDS = 2L // of the begin of a process

        /** The lock of the socket at [path]. */
        fun of(path: Path) = PidLock(path.resolveSibling("${path.fileName}.lock"))
    }
}
