// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import dev.torsion.web.BodySink
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path

private const val PIECE = 64 * 1024

/** Writes this body to [sink], as its reader takes it. Files are read on the thread pool of [reactor]. */
internal suspend fun RequestBody.writeTo(sink: BodySink, reactor: Reactor) {
    when (val content = content) {
        is RequestBody.Content.Bytes -> sink.writeAll(content.bytes)
        is RequestBody.Content.OfFile -> sink.writeFile(reactor, content.path, length)
        is RequestBody.Content.Stream -> content.write(sink)
    }
}

private suspend fun BodySink.writeAll(bytes: ByteArray) {
    for (first in bytes.indices step PIECE) write(bytes.copyOfRange(first, minOf(bytes.size, first + PIECE)))
}

private suspend fun BodySink.writeFile(reactor: Reactor, path: Path, length: Long) {
    val file = reactor.deferToThread { FileChannel.open(path) }.onUndelivered { it.close() }.await()
    try {
        var at = 0L
        while (at < length) {
            val from = at
            val piece = reactor.deferToThread { file.piece(from, minOf(PIECE.toLong(), length - from).toInt()) }.await()
            check(piece.isNotEmpty()) { "The file $path has become shorter while it was sent." }
            write(piece)
            at += piece.size
        }
    } finally {
        file.close()
    }
}

private fun FileChannel.piece(from: Long, size: Int): ByteArray {
    val buffer = ByteBuffer.allocate(size)
    while (buffer.hasRemaining()) if (read(buffer, from + buffer.position()) < 0) break
    return if (buffer.hasRemaining()) buffer.array().copyOf(buffer.position()) else buffer.array()
}
