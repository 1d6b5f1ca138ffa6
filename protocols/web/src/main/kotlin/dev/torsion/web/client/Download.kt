// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.AtomicMoveNotSupportedException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.util.UUID

/** A body on its way to the file at [path], by another name until it is whole. The thread pool of the reactor writes it. */
internal class Download(private val reactor: Reactor, private val path: Path) {
    private val part: Path = path.toAbsolutePath().resolveSibling(".${path.fileName}.${UUID.randomUUID()}.part")

    /** Writes what [pieces] gives to its parameter. */
    suspend fun save(pieces: suspend (suspend (ByteArray) -> Unit) -> Unit): Path {
        val channel = inPool { FileChannel.open(part, WRITE, CREATE_NEW) }
        var isWhole = false
        try {
            pieces { piece -> inPool { channel.writeAll(ByteBuffer.wrap(piece)) } }
            isWhole = true
        } finally {
            withContext(NonCancellable) { inPool { end(channel, isWhole) } }
        }
        return path
    }

    private fun end(channel: FileChannel, isWhole: Boolean) {
        var isMoved = false
        try {
            channel.close()
            if (isWhole) move()
            isMoved = isWhole
        } finally {
            if (!isMoved) Files.deleteIfExists(part)
        }
    }

    private fun move() {
        try {
            Files.move(part, path, ATOMIC_MOVE)
        } catch (_: AtomicMoveNotSupportedException) {
            Files.move(part, path, REPLACE_EXISTING)
        }
    }

    private fun FileChannel.writeAll(bytes: ByteBuffer) {
        while (bytes.hasRemaining()) write(bytes)
    }

    /** A cancellation waits for [call]: a file is not closed while it is written. */
    private suspend fun <T> inPool(call: () -> T): T = withContext(NonCancellable) { reactor.deferToThread(call).await() }
}
