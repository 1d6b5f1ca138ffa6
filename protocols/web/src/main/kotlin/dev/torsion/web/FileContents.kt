// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.FilePieces
import java.nio.ByteBuffer
import java.nio.file.Path
import java.time.Duration
import java.time.Instant

/**
 * Keeps the bytes of small files, [limit] bytes in all: when there are more, those that nobody has asked for longest go. The caller has
 * looked at the file just now. Its bytes are known when all that the system tells of it is as it was when they were read, also the time of its
 * last change, which nobody can set. Where there is no such time, as on Windows, nothing is kept.
 *
 * Thread: any.
 */
internal class FileContents(val limit: Long, private val now: () -> Instant = Instant::now) {
    private data class Name(val path: Path, val coding: String?)

    private val files = LinkedHashMap<Name, FoundFile>(16, LOAD, true)

    /** How many bytes are kept, with what it takes to keep them. */
    @get:Synchronized
    var size: Long = 0
        private set

    /** [found] with its bytes, when they are known. */
    @Synchronized
    fun known(found: FoundFile): FoundFile? = files[Name(found.path, found.coding)]?.takeIf {
        it.state == found.state &&
            it.type == found.type
    }

    /** Keeps [file], which has its bytes, unless another change of it could have the same time as the last one. */
    fun keep(file: FoundFile) {
        val changed = file.state.changed ?: return
        if (file.state.key == null || changed > now() - YOUNG || sizeOf(file) > limit) return
        add(file)
    }

    @Synchronized
    private fun add(file: FoundFile) {
        val before = files.put(Name(file.path, file.coding), file)
        size += sizeOf(file) - (before?.let(::sizeOf) ?: 0)
        val oldest = files.values.iterator()
        while (size > limit) {
            size -= sizeOf(oldest.next())
            oldest.remove()
        }
    }

    /**
     * [file], which is kept and asked for again: its bytes go to direct memory, if a socket takes them from there. Those that nobody asks
     * for again never do, since the garbage collector is slow to give such memory back. Where [memory] has none, they stay. Blocks for the
     * time of the copy.
     */
    fun again(file: FoundFile, memory: (Int) -> ByteBuffer? = FilePieces::direct): FoundFile {
        val bytes = file.bytes
        if (bytes == null || bytes.isDirect || bytes.remaining() < FilePieces.SMALL) return file
        return file.inDirectMemory(memory).also { replace(file, it) }
    }

    @Synchronized
    private fun replace(before: FoundFile, after: FoundFile) {
        val name = Name(before.path, before.coding)
        if (files[name] === before) files[name] = after
    }

    private fun sizeOf(file: FoundFile): Long = file.bytes!!.remaining().toLong() + BESIDES

    companion object {
        /** How many bytes are kept unless told otherwise. */
        const val DEFAULT_LIMIT: Long = 16L * 1024 * 1024
        private const val BESIDES = 1024L // a name, fields, the answer
        private const val LOAD = 0.75f
        private val YOUNG: Duration = Duration.ofSeconds(2) // the coarsest clock of a file system
    }
}
