// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.succeed
import dev.torsion.log.Logger
import dev.torsion.reactor.FILE_PIECE
import dev.torsion.reactor.Reactor
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.AccessDeniedException
import java.nio.file.DirectoryStream
import java.nio.file.FileSystemException
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
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
 * that begins with a dot, ends with a dot or a space, or has a slash, a backslash, a colon or a control character in it. A file that the
 * system does not let us read is answered with 403. Those who can change the folder are trusted.
 *
 * A file of more than 64 KiB is opened before the head of its answer is sent. When that fails, as with too many open files, the answer is
 * 503. So it is when a folder cannot be listed.
 *
 * An answer has `ETag` and `Last-Modified`, made of the time and the size of the file. Conditions on them are answered with 304 and 412, and
 * ranges with 206 and 416 (RFC 9110 13 and 14). Several ranges are answered with `multipart/byteranges`. Those that overlap or touch are one. More
 * than 16, or those that would take no less than the whole file, are answered with all of it. The connection is cut when a file
 * becomes shorter, or is written over, before all of it is sent. Bytes that are appended to it meanwhile are not sent.
 *
 * Thread: the reactor's. Files are looked at, opened and read on its thread pool: those of up to 64 KiB at once, larger ones 64 KiB at a
 * time, as the client takes them. Requests that come at the same time share one look, which begins after all of them. The bytes of small
 * files are kept ([withCache]), and sent again while the system says that the file is the same: which file it is, its size, and the times
 * of its last changes. That is asked once a second ([withCacheAge]). So a change is seen a second later, and body, `ETag` and
 * `Last-Modified` are always of one state. A file that has changed within the last two seconds is looked at and read each time, and so is
 * one that is not kept.
 */
public class StaticFiles private constructor(
    private val reactor: Reactor,
    private val lookup: FolderLookup,
    private val contents: FileContents,
    private val cacheAge: Duration,
    private val prefix: List<String>,
) : RequestHandler {
    private data class Wanted(val names: List<String>, val codings: Set<String>, val isRead: Boolean)

    private val loop = ScopeExecutor(reactor.scope)
    private val looks = SharedLooks(reactor, ::find)
    private val fresh = FreshLooks<Wanted>(cacheAge, reactor::nanoTime)

    /** Blocks. A small file is read at once: each step in the pool costs more than reading it. */
    private fun find(wanted: Wanted): Found? {
        val found = lookup.find(wanted.names, wanted.codings)
        if (found !is FoundFile) return found
        contents.known(found)?.let { return contents.again(it) }
        if (!wanted.isRead || !isSmall(found)) return found
        return try {
            found.read().also(contents::keep)
        } catch (_: IOException) { // another one has taken its place meanwhile
            lookup.find(wanted.names, wanted.codings)
        }
    }

    private fun isSmall(file: FoundFile) = file.size in 1..FILE_PIECE

    /** The same files, with [path], such as `/assets`, before their own paths. Paths that do not begin so are answered with 404. */
    public fun under(path: String): StaticFiles {
        require(path.startsWith('/') && !path.endsWith('/')) { "a path begins with a slash, and does not end with one, but \"$path\"" }
        return StaticFiles(reactor, lookup, contents, cacheAge, path.drop(1).split('/'))
    }

    /**
     * The same files, and a page with the names in a folder that has no index: those that are answered, 10,000 at most. Names that begin with a
     * dot are not among them.
     */
    public fun withListing(): StaticFiles = with(lookup.copy(isListing = true))

    /** The same files, with the first of [names] that is in a folder as its index; none for no index. @throws IllegalArgumentException for a path */
    public fun withIndexes(vararg names: String): StaticFiles = with(lookup.copy(indexes = names.toList()))

    /**
     * The same files; in place of `a.css` a client that understands it gets the content of `a.css.br` or `a.css.gz`, where that is there. Nobody
     * looks whether it is the same.
     */
    public fun withPrecompressed(): StaticFiles = with(lookup.copy(isPrecompressed = true))

    /**
     * The same files; the bytes of small ones are kept in memory, [bytes] of them in all with a kilobyte for each file; 16 MiB unless told
     * otherwise, and 0 for none.
     */
    public fun withCache(bytes: Long): StaticFiles {
        require(bytes >= 0) { "a cache has room for 0 bytes or more, but not for $bytes" }
        return with(FileContents(bytes))
    }

    /**
     * The same files; the bytes that are kept of a file are sent for [age] without another look at it. So a change of it is seen that much
     * later, and so is its end. It is one second unless told otherwise, and none is a look for each request. Files that are not kept are
     * always looked at.
     *
     * @throws IllegalArgumentException when [age] is negative
     */
    public fun withCacheAge(age: Duration): StaticFiles {
        require(!age.isNegative) { "an age is none or more, but not $age" }
        return StaticFiles(reactor, lookup, contents, age, prefix)
    }

    @JvmSynthetic
    internal fun with(contents: FileContents): StaticFiles = StaticFiles(reactor, lookup, contents, cacheAge, prefix)

    /** The same files; [mayRead] takes the place of the system. */
    @JvmSynthetic
    internal fun with(mayRead: (Path) -> Boolean): StaticFiles = with(lookup.copy(mayRead = mayRead))

    /** The same files; [opening] opens them in place of the system. */
    @JvmSynthetic
    internal fun withOpening(opening: (Path) -> FileChannel): StaticFiles = with(lookup.copy(opening = opening))

    /** The same files; [listed] reads a folder in place of the system. */
    @JvmSynthetic
    internal fun withListed(listed: (Path) -> DirectoryStream<Path>): StaticFiles = with(lookup.copy(listed = listed))

    private fun with(lookup: FolderLookup) = StaticFiles(reactor, lookup, FileContents(contents.limit), cacheAge, prefix)

    override fun handle(request: Request): CompletionStage<Response> {
        if (loop.inLoop) answerNow(request)?.let { return CompletableFuture.completedFuture(it) }
        return loop.futureOnLoop { answerNow(request)?.let(::succeed) ?: look(request) }
    }

    /** The answer that needs no look at a file; null when there is none. */
    private fun answerNow(request: Request): Response? {
        if (request.method != "GET" && request.method != "HEAD") {
            val answer = if (request.method == "OPTIONS") Response.of(204) else Response.error(405)
            return answer.withHeader("Allow", "GET, HEAD, OPTIONS")
        }
        val path = request.pathSegments
        if (path.size <= prefix.size || path.subList(0, prefix.size) != prefix) return Response.error(404)
        return fresh.find(wantedOf(request))?.let(contents::known)?.let { answer(request, it, null) }
    }

    private fun wantedOf(request: Request): Wanted {
        val path = request.pathSegments
        return Wanted(path.subList(prefix.size, path.size), lookup.codings(request.headers), isRead = true)
    }

    private fun look(request: Request): Deferred<Response> {
        val wanted = wantedOf(request)
        val isRead = FileConditions.areNone(request)
        val time = fresh.now()
        return looks.ask(if (isRead) wanted else wanted.copy(isRead = false)).addAsyncCallback { found ->
            if (!isRead && found is FoundFile && isWhole(request, found)) looks.ask(wanted) else succeed(found)
        }.addAsyncCallback { found ->
            if (found is FoundFile) remember(wanted, found, time)
            val isToOpen = found is FoundFile && found.bytes == null && wantsBody(request, found)
            if (isToOpen) opened(request, wanted, found) else succeed(answer(request, found))
        }
    }

    private fun remember(wanted: Wanted, found: FoundFile, time: Long) {
        if (found.bytes != null && wanted.names.sumOf { it.length } <= LONG) fresh.add(wanted, found.at(found.state), time)
    }

    /** Whether the answer is to be all of [file], which is small and was not read. */
    private fun isWhole(request: Request, file: FoundFile) =
        file.bytes == null && isSmall(file) && wantsBody(request, file) && FileConditions.rangesOf(request, file) == null

    private fun wantsBody(request: Request, file: FoundFile) = request.method == "GET" && file.size > 0 &&
        FileConditions.statusOf(request, file) == null && FileConditions.rangesOf(request, file)?.isEmpty() != true

    /**
     * The answer with bytes of [file], which is open before its head is sent. The file is closed at the end of the request, whatever
     * becomes of that.
     */
    private fun opened(request: Request, wanted: Wanted, file: FoundFile): Deferred<Response> {
        val reading = FileReading(file)
        request.life.onEnd(reading::close)
        return reactor.deferToThread { open(reading, wanted, file) }.addCallbacks({ now ->
            if (now !is FoundFile || !wantsBody(request, now)) reading.close()
            answer(request, now, reading)
        }) { failure ->
            reading.close()
            unavailable(failure.value as? FileSystemException ?: throw failure.value)
        }
    }

    private fun unavailable(error: IOException): Response {
        log.failure("A file or a folder cannot be opened, and its request is answered with 503", error)
        return Response.error(503)
    }

    /** Opens what [wanted] leads to, which was [file] a moment ago. Blocks. @throws IOException when it is there, and cannot be opened */
    private fun open(reading: FileReading, wanted: Wanted, file: FoundFile): Found? {
        var found: Found? = file
        var tries = 0
        while (found is FoundFile) {
            try {
                return reading.open(found)
            } catch (_: AccessDeniedException) {
                return FoundRefused
            } catch (e: IOException) { // another one may have taken its place
                if (++tries == MOST_TRIES) throw e
            }
            found = lookup.find(wanted.names, wanted.codings)
        }
        return found
    }

    private fun answer(request: Request, found: Found?, reading: FileReading? = null): Response = when (found) {
        null -> Response.error(404)
        is FoundRefused -> Response.error(403)
        is FoundUnavailable -> unavailable(found.error)
        is FoundFolder -> Response.redirect(request.rawPath + "/" + request.rawQuery?.let { "?$it" }.orEmpty(), 301)
        is FoundListing -> Listing.page(request, found)
        is FoundFile -> answer(request, found, reading)
    }

    private fun answer(request: Request, file: FoundFile, reading: FileReading?): Response {
        FileConditions.statusOf(request, file)?.let { return Response.of(it).withHeaders(file.fields) }
        val ranges = FileConditions.rangesOf(request, file) ?: return whole(file, reading)
        if (ranges.isEmpty()) return Response.error(416).withHeader("Content-Range", "bytes */${file.size}")
        val parts = RangeParts(ranges, file.size, file.type)
        if (ranges.size > 1 && parts.length >= file.size) return whole(file, reading)
        val answer = sent(file, reading, parts, file.fieldsOfBody(parts.type)).withStatus(206)
        return if (ranges.size > 1) answer else answer.withHeader("Content-Range", RangeParts.contentRange(ranges.single(), file.size))
    }

    private fun whole(file: FoundFile, reading: FileReading?): Response = file.answer
        ?: sent(file, reading, RangeParts(listOf(ByteRange(0, file.size)), file.size, file.type), file.fieldsOfBody(file.type))

    private fun sent(file: FoundFile, reading: FileReading?, parts: RangeParts, fields: Headers): Response {
        val answer = file.bytes?.let { Response.bytes(parts.of(it), parts.type) } ?: stream(file, reading, parts)
        return answer.withHeaders(fields)
    }

    /** An answer that is kept and sent once more opens its file anew. */
    private fun stream(file: FoundFile, reading: FileReading?, parts: RangeParts): Response {
        var opened = reading
        return Response.stream(parts.type, parts.length) { sink -> send(opened.also { opened = null } ?: FileReading(file), parts, sink) }
    }

    private suspend fun send(file: FileReading, parts: RangeParts, sink: BodySink) {
        if (parts.length == 0L) return
        LentPiece(minOf(FILE_PIECE.toLong(), parts.ranges.maxOf { it.count }).toInt()).use { piece ->
            val buffer = piece.buffer
            file.use { reading ->
                for ((i, range) in parts.ranges.withIndex()) {
                    sink.write(parts.head(i))
                    var at = range.from
                    val end = at + range.count
                    while (at < end) {
                        buffer.clear().limit(minOf(buffer.capacity().toLong(), end - at).toInt())
                        val isOnly = i == 0 && at == range.from
                        val isLastRange = i == parts.ranges.lastIndex
                        reactor.inPool {
                            piece.during {
                                reading.read(buffer, at)
                                if (isLastRange && !isOnly && at + buffer.position() == end) reading.check() // before the last piece
                            }
                        }
                        at += buffer.flip().remaining()
                        sink.write(buffer)
                    }
                }
            }
        }
        sink.write(parts.end)
    }

    override fun toString(): String = "StaticFiles(${lookup.folder})"

    public companion object {
        /** The files below [folder], which is looked at with each file: it may be a symbolic link that is changed. */
        @JvmStatic
        public fun of(reactor: Reactor, folder: Path): StaticFiles = StaticFiles(
            reactor,
            FolderLookup(folder),
            FileContents(FileContents.DEFAULT_LIMIT),
            CACHE_AGE,
            emptyList(),
        )

        private val log = Logger(StaticFiles::class.java)
        private val CACHE_AGE = Duration.ofSeconds(1)
        private const val MOST_TRIES = 3 // a file that another one takes the place of again and again
        private const val LONG = 256 // names that are longer are not kept: one file may have many
    }
}
