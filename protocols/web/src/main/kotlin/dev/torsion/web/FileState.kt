// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.attribute.BasicFileAttributes
import java.nio.file.attribute.FileTime
import java.time.Instant

/**
 * The system's description of a file.
 *
 * @property key which file it is, whatever its name; null where the system does not tell
 * @property modified when its bytes were changed last, or any other time that its owner has set
 * @property changed when its bytes, its owner, its permissions or [modified] were changed last. Nobody can set it. Null where the system
 *   does not tell
 */
internal data class FileState(
    val key: Any?,
    val size: Long,
    val modified: Instant,
    val changed: Instant?,
    val isFile: Boolean,
    val isFolder: Boolean,
) {
    companion object {
        private const val UNIX = "unix"

        /** Of what is at [path] now, which is a link when there is one. Blocks. */
        fun of(path: Path): FileState {
            if (UNIX in path.fileSystem.supportedFileAttributeViews()) return ofUnix(path)
            val found = Files.readAttributes(path, BasicFileAttributes::class.java, NOFOLLOW_LINKS)
            val modified = found.lastModifiedTime().toInstant()
            return FileState(found.fileKey(), found.size(), modified, null, found.isRegularFile, found.isDirectory)
        }

        private fun ofUnix(path: Path): FileState {
            val wanted = "$UNIX:fileKey,size,lastModifiedTime,ctime,isRegularFile,isDirectory"
            val found = Files.readAttributes(path, wanted, NOFOLLOW_LINKS)
            return FileState(
                found["fileKey"],
                found["size"] as Long,
                (found["lastModifiedTime"] as FileTime).toInstant(),
                (found["ctime"] as FileTime).toInstant(),
                found["isRegularFile"] as Boolean,
                found["isDirectory"] as Boolean,
            )
        }
    }
}
