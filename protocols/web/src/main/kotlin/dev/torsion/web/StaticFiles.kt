// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.await
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.CompletionStage

/**
 * Answers with the files below a folder; Twisted's `static.File`.
 *
 * ```java
 * Site site = Site.of(reactor, StaticFiles.of(reactor, Path.of("public")));
 * ```
 *
 * A path that ends with a slash is answered with the `index.html` of that folder. A folder without its slash is redirected to the path with one.
 * Folders are not listed.
 *
 * Only regular files below the folder are answered. A path out of it, by `..` or by a symbolic link, is answered with 404. So is a name
 * that begins with a dot, or has a slash, a backslash, a colon or a control character in it. Those who can change the folder are trusted.
 *
 * An answer has `ETag` and `Last-Modified`, made of the time and the size of the file. Conditions on them are answered with 304 and 412, and
 * a single range with 206 and 416 (RFC 9110 13 and 14). The connection is cut when a file changes before all of it is sent.
 *
 * Thread: the reactor's. Files are opened and read on its thread pool, 64 KiB at a time, as the client takes them.
 */
public class StaticFiles private constructor(private val reactor: Reactor, private val folder: Path, private val prefix: List<String>) :
    RequestHandler {
    private val loop = ScopeExecutor(reactor.scope)

    /** The same files, with [path], such as `/assets`, before their own paths. Paths that do not begin so are answered with 404. */
    public fun under(path: String): StaticFiles {
        require(path.startsWith('/') && !path.endsWith('/')) { "a path begins with a slash, and does not end with one, but \"$path\"" }
        return StaticFiles(reactor, folder, path.drop(1).split('/'))
    }

    override fun handle(request: Request): CompletionStage<Response> = loop.futureOnLoop { inlineCallbacks { answer(request) } }

    private suspend fun answer(request: Request): Response {
        if (request.method != "GET" && request.method != "HEAD") {
            val answer = if (request.method == "OPTIONS") Response.of(204) else Response.error(405)
            return answer.withHeader("Allow", "GET, HEAD, OPTIONS")
        }
        val path = request.pathSegments
        if (path.size <= prefix.size || path.subList(0, prefix.size) != prefix) return Response.error(404)
        return when (val found = inPool { FoundFile.find(folder, path.drop(prefix.size)) }) {
            null -> Response.error(404)
            FoundFile.FOLDER -> Response.redirect(request.rawPath + "/" + request.rawQuery?.let { "?$it" }.orEmpty(), 301)
            else -> answer(request, found)
        }
    }

    private fun answer(request: Request, file: FoundFile): Response {
        val fields = Headers.of("ETag", file.tag, "Last-Modified", HttpDate.format(file.modified), "Accept-Ranges", "bytes")
        FileConditions.statusOf(request, file)?.let { return Response.of(it).withHeaders(fields) }
        val range = FileConditions.rangeOf(request, file)
        if (range != null && range.count == 0L) return Response.error(416).withHeader("Content-Range", "bytes */${file.size}")
        val from = range?.from ?: 0
        val count = range?.count ?: file.size
        val whole = Response.stream(mediaTypeOf(file.path.fileName.toString()), count) { sink -> send(file, from, count, sink) }
        val described = whole.withHeaders(Headers.builder().add(whole.headers).add(fields).add("X-Content-Type-Options", "nosniff").build())
        if (range == null) return described
        return described.withStatus(206).withHeader("Content-Range", "bytes $from-${from + count - 1}/${file.size}")
    }

    private suspend fun send(file: FoundFile, from: Long, count: Long, sink: BodySink) {
        file.Reading().use { reading ->
            val end = from + count
            val piece = ByteArray(minOf(PIECE, count).toInt())
            var at = from
            while (at < end) {
                val wanted = ByteBuffer.wrap(piece, 0, minOf(piece.size.toLong(), end - at).toInt())
                val read = inPool { reading.read(wanted, at) }
                sink.write(if (read == piece.size) piece else piece.copyOf(read))
                at += read
            }
        }
    }

    /** A cancellation waits for [call]: a file is not closed while it is read. */
    private suspend fun <T> inPool(call: () -> T): T = withContext(NonCancellable) { reactor.deferToThread(call).await() }

    override fun toString(): String = "StaticFiles($folder)"

    public companion object {
        private const val PIECE = 64L * 1024

        /** The files below [folder], which is looked at for each request: it may be a symbolic link that is changed. */
        @JvmStatic
        public fun of(reactor: Reactor, folder: Path): StaticFiles = StaticFiles(reactor, folder, emptyList())
    }
}
