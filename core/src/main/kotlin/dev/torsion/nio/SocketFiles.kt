// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.net.SocketException
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.attribute.BasicFileAttributes
import java.nio.file.attribute.PosixFileAttributeView
import java.nio.file.attribute.PosixFilePermission

/**
 * The files and locks of UNIX sockets, which channels do not make or remove themselves. A provider of channels that are not the platform's
 * may be one. All methods are short work with a local file system.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface SocketFiles {
    /**
     * Takes the lock of the socket at [path].
     *
     * @throws IOException when another process has it
     */
    @Throws(IOException::class)
    public fun lock(path: Path)

    /** Gives the lock of [path] back. */
    @Throws(IOException::class)
    public fun unlock(path: Path)

    /** Whether a living process has the lock of [path]. */
    public fun isLocked(path: Path): Boolean

    /** Removes the socket at [path], if no server accepts connections there. Leaves every other file alone. */
    @Throws(IOException::class)
    public fun removeStale(path: Path)

    /** Makes [mode] the permissions of the new socket at [path]. This value tells the file from other files at the same path. */
    @Throws(IOException::class)
    public fun own(path: Path, mode: Set<PosixFilePermission>): Any?

    /** Removes the socket at [path], if it is the one of this [key]. */
    @Throws(IOException::class)
    public fun remove(path: Path, key: Any?)
}

/** The real ones. */
internal object SystemSocketFiles : SocketFiles {
    override fun lock(path: Path) = PidLock.of(path).take()

    override fun unlock(path: Path) = PidLock.of(path).release()

    override fun isLocked(path: Path): Boolean = PidLock.of(path).isHeld

    override fun removeStale(path: Path) {
        if (isSocket(path) && !isAnswering(path)) Files.deleteIfExists(path)
    }

    private fun isSocket(path: Path): Boolean = try {
        val mode = Files.getAttribute(path, "unix:mode", NOFOLLOW_LINKS) as Int
        mode and TYPE_BITS == SOCKET
    } catch (_: NoSuchFileException) {
        false
    } catch (_: UnsupportedOperationException) {
        Files.readAttributes(path, BasicFileAttributes::class.java, NOFOLLOW_LINKS).isOther
    }

    /** A process that cannot be asked may be alive. */
    private fun isAnswering(path: Path): Boolean = try {
        SocketChannel.open(StandardProtocolFamily.UNIX).use {
            it.configureBlocking(false) // a server that is busy lets others wait
            it.connect(UnixDomainSocketAddress.of(path))
            true
        }
    } catch (_: java.net.ConnectException) {
        false
    } catch (_: SocketException) {
        Files.exists(path, NOFOLLOW_LINKS)
    }

    override fun own(path: Path, mode: Set<PosixFilePermission>): Any? {
        val key = keyOf(path)
        try {
            permit(path, mode)
        } catch (e: Throwable) {
            remove(path, key) // nobody else can tell that it is ours
            throw e
        }
        return key
    }

    private fun permit(path: Path, mode: Set<PosixFilePermission>) {
        val view = Files.getFileAttributeView(path, PosixFileAttributeView::class.java, NOFOLLOW_LINKS)
        if (view != null) {
            Files.setPosixFilePermissions(path, mode)
        } else if (mode != dev.torsion.net.UnixPortOptions.OWNER_ONLY) {
            throw IOException("files have no such permissions here")
        }
    }

    override fun remove(path: Path, key: Any?) {
        try {
            if (keyOf(path) == key) Files.deleteIfExists(path)
        } catch (_: NoSuchFileException) {
            // Somebody has removed it.
        }
    }

    private fun keyOf(path: Path): Any? = Files.readAttributes(path, BasicFileAttributes::class.java, NOFOLLOW_LINKS).fileKey()

    private const val TYPE_BITS = 0xf000 // S_IFMT
    private const val SOCKET = 0xc000 // S_IFSOCK
}
