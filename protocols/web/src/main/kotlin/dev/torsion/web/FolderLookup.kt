// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.channels.FileChannel
import java.nio.file.DirectoryIteratorException
import java.nio.file.DirectoryStream
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.InvalidPathException
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import kotlin.io.path.name

/**
 * Looks for files below [folder], and nowhere else. Its methods block.
 *
 * @property indexes the names that are looked for in a folder
 * @property isListing whether a folder without an index is listed
 * @property isPrecompressed whether a file may be answered with the one that has `.br` or `.gz` behind its name
 * @property mayRead whether the system lets us read a file
 * @property opening opens a file
 * @property listed the files and folders in a folder
 */
internal data class FolderLookup(
    val folder: Path,
    val indexes: List<String> = listOf("index.html"),
    val isListing: Boolean = false,
    val isPrecompressed: Boolean = false,
    val mayRead: (Path) -> Boolean = Files::isReadable,
    val opening: (Path) -> FileChannel = { FileChannel.open(it, READ, NOFOLLOW_LINKS) },
    val listed: (Path) -> DirectoryStream<Path> = Files::newDirectoryStream,
) {
    init {
        require(indexes.all(::isName)) { "$indexes are not names of files that may be answered" }
    }

    /** The codings of the files here that a client with [headers] understands. */
    fun codings(headers: Headers): Set<String> =
        if (isPrecompressed) CODINGS.map { it.first }.filterTo(HashSet()) { AcceptEncoding.takes(headers, it) } else emptySet()

    /** The file or folder that [names] lead to; null when there is none for a client. [codings] are those that the client understands. */
    fun find(names: List<String>, codings: Set<String>): Found? {
        val isFolder = names.last().isEmpty()
        val parts = if (isFolder) names.dropLast(1) else names
        if (!parts.all(::isName)) return null
        return nothingWhenRefused {
            val root = folder.toRealPath()
            val real = real(root, parts.fold(root) { path, name -> path.resolve(name) })
            val state = real?.let(FileState::of)
            when {
                state == null -> null
                state.isFolder -> if (isFolder) index(root, real, codings) else FoundFolder
                isFolder -> null
                else -> file(root, real, state, codings)
            }
        }
    }

    private fun index(root: Path, folder: Path, codings: Set<String>): Found? {
        for (name in indexes) {
            val found = nothingWhenRefused { real(root, folder.resolve(name))?.let { file(root, it, FileState.of(it), codings) } }
            if (found != null) return found
        }
        return if (isListing) list(root, folder) else null
    }

    private fun file(root: Path, path: Path, state: FileState, codings: Set<String>): Found? {
        if (!state.isFile) return null // opening a pipe would wait for its writer
        val type = mediaTypeOf(path.name)
        if (isPrecompressed) {
            for ((coding, suffix) in CODINGS) {
                if (coding !in codings) continue
                val found = nothingWhenRefused {
                    real(root, path.resolveSibling(path.name + suffix))?.let { packed ->
                        FileState.of(packed).takeIf {
                            it.isFile && mayRead(packed)
                        }?.let { FoundFile(packed, it, type, coding, isOfSeveral = true, opening) }
                    }
                }
                if (found != null) return found
            }
        }
        return if (mayRead(path)) FoundFile(path, state, type, null, isPrecompressed, opening) else FoundRefused
    }

    private fun list(root: Path, folder: Path): Found = try {
        entries(root, folder)
    } catch (e: FileSystemException) {
        if (e.javaClass != FileSystemException::class.java) throw e // it is not there any more, or not for us
        FoundUnavailable(e) // too many open files
    } catch (e: DirectoryIteratorException) {
        FoundUnavailable(e.cause ?: throw e)
    }

    private fun entries(root: Path, folder: Path): FoundListing {
        val entries = ArrayList<FoundListing.Entry>()
        listed(folder).use { stream ->
            for (path in stream) {
                if (entries.size == MOST_LISTED) return FoundListing(entries.sortedBy { it.name }, isWhole = false)
                entry(root, path)?.let(entries::add)
            }
        }
        return FoundListing(entries.sortedBy { it.name }, isWhole = true)
    }

    private fun entry(root: Path, path: Path): FoundListing.Entry? = nothingWhenRefused {
        val found = if (isName(path.name)) real(root, path) else null
        val state = found?.let(FileState::of)
        when {
            state == null || (!state.isFolder && !(state.isFile && mayRead(found))) -> null
            else -> FoundListing.Entry(path.name, state.isFolder, state.size, state.modified)
        }
    }

    /** [path] without links; null when it is not below [root], or not for clients, by a link. */
    private fun real(root: Path, path: Path): Path? {
        val real = path.toRealPath()
        return real.takeIf { it == root || (it.startsWith(root) && root.relativize(it).all { part -> isName(part.toString()) }) }
    }

    private inline fun <T : Any> nothingWhenRefused(look: () -> T?): T? = try {
        look()
    } catch (_: FileSystemException) { // it is not there, or not for us, or no name for this system
        null
    } catch (_: InvalidPathException) {
        null
    }

    private companion object {
        const val MOST_LISTED = 10_000
        val CODINGS = listOf("br" to ".br", "gzip" to ".gz")

        /** Windows drops dots and spaces from the end of a name: one file would have several. */
        fun isName(name: String) = name.isNotEmpty() && !name.startsWith('.') && !name.endsWith('.') && !name.endsWith(' ') &&
            name.none { it == '/' || it == '\\' || it == ':' || it < ' ' || it == '\u007f' }
    }
}
