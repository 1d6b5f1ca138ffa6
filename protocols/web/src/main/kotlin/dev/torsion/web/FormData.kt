// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.util.concurrent.CompletableFuture

/**
 * The fields and files of a form, see [Request.form]; Twisted's `args` of a POST. Immutable, and for any thread.
 *
 * The content of files is there until the request is over: until its answer is written, or its client has gone.
 */
public class FormData internal constructor(private val fields: List<Pair<String, String>>, files: List<FormFile>) {
    private val allFiles = files.toList()

    /** The names of the fields, in their order. Files are not among them. */
    public fun names(): Set<String> = fields.mapTo(LinkedHashSet()) { it.first }

    /** The first value of the field called [name]; null when there is none. */
    public operator fun get(name: String): String? = fields.firstOrNull { it.first == name }?.second

    /** All values of the field called [name], in their order. */
    public fun all(name: String): List<String> = fields.filter { it.first == name }.map { it.second }

    /** The first file of the field called [name]; null when there is none. */
    public fun file(name: String): FormFile? = allFiles.firstOrNull { it.name == name }

    /** All files, in their order. */
    public fun files(): List<FormFile> = allFiles

    /** Without the values, which may be secrets. */
    override fun toString(): String = "FormData(${names()}, ${allFiles.size} files)"
}

/**
 * A file of a form. The reactor's thread pool reads it. Its methods may be called on any thread.
 *
 * @property name the name of its field
 * @property fileName the name that the client gives, and nothing but a text of the client's: it may be empty, or have slashes and `..` in
 *   it. It is no path, and must not become a part of one
 * @property contentType the media type that the client gives; null when it gives none. Nobody has checked it
 */
public class FormFile internal constructor(
    @get:JvmName("name") public val name: String,
    @get:JvmName("fileName") public val fileName: String,
    @get:JvmName("contentType") public val contentType: String?,
    private val content: Spool.Range,
) {
    /** How many bytes it has. */
    @get:JvmName("size")
    public val size: Long get() = content.size

    /** All of it. Fails with a [BodyTooLargeException] when that is more than [limit] bytes. On any dispatcher. */
    @JvmSynthetic
    public suspend fun readBytes(limit: Long = HttpBody.DEFAULT_LIMIT): ByteArray {
        if (size > limit) throw BodyTooLargeException(limit)
        return content.inPool { inputStream().readAllBytes() }
    }

    /** All of it, up to 16 MiB; as a future, on any thread. */
    public fun bytes(): CompletableFuture<ByteArray> = bytes(HttpBody.DEFAULT_LIMIT)

    /** All of it. Fails with a [BodyTooLargeException] when that is more than [limit] bytes. As a future, on any thread. */
    public fun bytes(limit: Long): CompletableFuture<ByteArray> = content.life.future { readBytes(limit) }

    /**
     * Copies it to [path], which the program has chosen, and gives that. There must be no such file; one that cannot be written whole is deleted.
     * A cancellation waits for the end of that. As a future, on any thread.
     */
    public fun saveTo(path: Path): CompletableFuture<Path> = content.life.future { readTo(path) }

    /** [saveTo] for coroutines, on any dispatcher. */
    @JvmSynthetic
    public suspend fun readTo(path: Path): Path = content.inPool {
        copy(path)
        path
    }

    private fun copy(path: Path) {
        val to = FileChannel.open(path, CREATE_NEW, WRITE)
        try {
            to.use(::copy)
        } catch (e: Exception) {
            Files.deleteIfExists(path)
            throw e
        }
    }

    private fun copy(to: FileChannel) {
        val piece = ByteBuffer.allocate(PIECE)
        var at = 0L
        while (true) {
            val read = content.read(at, piece.clear())
            if (read < 0) break
            at += read
            piece.flip()
            while (piece.hasRemaining()) to.write(piece)
        }
    }

    /** Its bytes as a stream that may block: for the thread pool. Reading fails when the request is over. */
    public fun inputStream(): InputStream = object : InputStream() {
        private var at = 0L

        override fun read(): Int {
            val one = ByteArray(1)
            return if (read(one, 0, 1) < 0) -1 else one[0].toInt() and 0xff
        }

        override fun read(to: ByteArray, offset: Int, length: Int): Int {
            if (length == 0) return 0
            val read = try {
                content.read(at, ByteBuffer.wrap(to, offset, length))
            } catch (e: IllegalStateException) {
                throw IOException(e.message, e)
            }
            if (read > 0) at += read
            return read
        }
    }

    /** Its field and size: its name is the client's. */
    override fun toString(): String = "FormFile($size bytes)"

    private companion object {
        const val PIECE = 64 * 1024
    }
}
