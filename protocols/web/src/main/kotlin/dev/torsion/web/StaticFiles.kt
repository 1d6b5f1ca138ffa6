// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.await
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.reactor.FILE_PIECE
import dev.torsion.reactor.FilePieces
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import java.io.IOException
import java.nio.file.Path
import java.util.concurrent.CompletionStage

/**
 * Answers with the files below a folder; Twisted's `static.File`.
 *
 * ```java
 * Site site = Site.of(reactor, StaticFiles.of(reactor, Path.of("public")));
 * ```
 *
 * A path that ends with a slash is answered with the index of that folder, which is `index.html` ([withIndexes]). A folder without its slash is
 * redirected to the path with one. Folders are not listed, unless [withListing] says so.
 *
 * Only regular files below the folder are answered. A path out of it, by `..` or by a symbolic link, is answered with 404. So is a name
 * that begins with a dot, ends with a dot or a space, or has a slash, a backslash, a colon or a control character in it. Those who can change the
 * folder are trusted.
 *
 * An answer has `ETag` and `Last-Modified`, made of the time and the size of the file. Conditions on them are answered with 304 and 412, and
 * a single range with 206 and 416 (RFC 9110 13 and 14); several ranges are answered with the whole file. The connection is cut when a file
 * becomes shorter, or is written over, before all of it is sent. Bytes that are appended to it meanwhile are not sent.
 *
 * Thread: the reactor's. Files are opened and read on its thread pool: small ones at once, larger ones 64 KiB at a time, as the client takes them.
 */
public class StaticFiles private constructor(
    private val reactor: Reactor,
    private val lookup: FolderLookup,
    private val prefix: List<String>,
) : RequestHandler {
    private val loop = ScopeExecutor(reactor.scope)

    /** The same files, with [path], such as `/assets`, before their own paths. Paths that do not begin so are answered with 404. */
    public fun under(path: String): StaticFiles {
        require(path.startsWith('/') && !path.endsWith('/')) { "a path begins with a slash, and does not end with one, but \"$path\"" }
        return StaticFiles(reactor, lookup, path.drop(1).split('/'))
    }

    /**
     * The same files, and a page with the names in a folder that has no index: those that are answered, 10,000 at most. Names that begin with a
     * dot are not among them.
     */
    public fun withListing(): StaticFiles = with(FolderLookup(lookup.folder, lookup.indexes, true, lookup.isPrecompressed))

    /** The same files, with the first of [names] that is in a folder as its index; none for no index. @throws IllegalArgumentException for a path */
    public fun withIndexes(vararg names: String): StaticFiles =
        with(FolderLookup(lookup.folder, names.toList(), lookup.isListing, lookup.isPrecompressed))

    /**
     * The same files; in place of `a.css` a client that understands it gets the content of `a.css.br` or `a.css.gz`, where that is there. Nobody
     * looks whether it is the same.
     */
    public fun withPrecompressed(): StaticFiles = with(FolderLookup(lookup.folder, lookup.indexes, lookup.isListing, true))

    private fun with(lookup: FolderLookup) = StaticFiles(reactor, lookup, prefix)

    override fun handle(request: Request): CompletionStage<Response> = loop.futureOnLoop { inlineCallbacks { answer(request) } }

    private suspend fun answer(request: Request): Response {
        if (request.method != "GET" && request.method != "HEAD") {
            val answer = if (request.method == "OPTIONS") Response.of(204) else Response.error(405)
            return answer.withHeader("Allow", "GET, HEAD, OPTIONS")
        }
        val path = request.pathSegments
        if (path.size <= prefix.size || path.subList(0, prefix.size) != prefix) return Response.error(404)
        val (found, bytes) = inPool { find(request, path.drop(prefix.size)) }
        return when (found) {
            null -> Response.error(404)
            is FoundFolder -> Response.redirect(request.rawPath + "/" + request.rawQuery?.let { "?$it" }.orEmpty(), 301)
            is FoundListing -> Listing.page(request, found)
            is FoundFile -> answer(request, found, bytes)
        }
    }

    /** Blocks. A small file is read at once: each step in the pool costs more than reading it. */
    private fun find(request: Request, names: List<String>): Pair<Found?, ByteArray?> {
        val found = lookup.find(names) { AcceptEncoding.takes(request.headers, it) }
        val isRead = found is FoundFile && found.size in 1..FILE_PIECE && request.method == "GET" &&
            FileConditions.statusOf(request, found) == null && FileConditions.rangeOf(request, found) == null
        if (!isRead) return found to null
        return try {
            found to (found as FoundFile).whole()
        } catch (_: IOException) { // another one has taken its place meanwhile
            lookup.find(names) { AcceptEncoding.takes(request.headers, it) } to null
        }
    }

    private fun answer(request: Request, file: FoundFile, bytes: ByteArray?): Response {
        val fields = Headers.builder().add(
            "ETag",
            file.tag,
        ).add("Last-Modified", HttpDate.format(file.modified)).add("Accept-Ranges", "bytes")
        if (lookup.isPrecompressed) fields.add("Vary", "Accept-Encoding")
        FileConditions.statusOf(request, file)?.let { return Response.of(it).withHeaders(fields.build()) }
        val range = FileConditions.rangeOf(request, file)
        if (range != null && range.count == 0L) return Response.error(416).withHeader("Content-Range", "bytes */${file.size}")
        val from = range?.from ?: 0
        val count = range?.count ?: file.size
        file.coding?.let { fields.add("Content-Encoding", it) }
        val whole =
            if (bytes !=
                null
            ) {
                Response.bytes(bytes, file.type)
            } else {
                Response.stream(file.type, count) { sink -> send(file, from, count, sink) }
            }
        val described =
            whole.withHeaders(Headers.builder().add(whole.headers).add(fields.build()).add("X-Content-Type-Options", "nosniff").build())
        if (range == null) return described
        return described.withStatus(206).withHeader("Content-Range", "bytes $from-${from + count - 1}/${file.size}")
    }

    private suspend fun send(file: FoundFile, from: Long, count: Long, sink: BodySink) {
        if (count == 0L) return
        val buffer = FilePieces.take(minOf(FILE_PIECE.toLong(), count).toInt())
        try {
            file.Reading().use { reading ->
                var at = from
                val end = from + count
                while (at < end) {
                    buffer.clear().limit(minOf(buffer.capacity().toLong(), end - at).toInt())
                    inPool {
                        reading.read(buffer, at)
                        if (at > from && at + buffer.position() == end) reading.check() // before the last piece
                    }
                    at += buffer.flip().remaining()
                    sink.write(buffer)
                }
            }
        } finally {
            FilePieces.give(buffer)
        }
    }

    /** A cancellation waits for [call]: a file is not closed while it is read. */
    private suspend fun <T> inPool(call: () -> T): T = withContext(NonCancellable) { reactor.deferToThread(call).await() }

    override fun toString(): String = "StaticFiles(${lookup.folder})"

    public companion object {
        /** The files below [folder], which is looked at for each request: it may be a symbolic link that is changed. */
        @JvmStatic
        public fun of(reactor: Reactor, folder: Path): StaticFiles = StaticFiles(
            reactor,
            FolderLookup(folder, listOf("index.html"), isListing = false, isPrecompressed = false),
            emptyList(),
        )
    }
}
