// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.defer.succeed
import dev.torsion.log.Logger
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.reactor.Reactor
import dev.torsion.spread.banana.Bytes
import java.io.InputStream

/**
 * Sends data that is too large for one message in pages, no faster than the other side reads; Twisted's `Pager`. [collector] is a
 * [CallbackPageCollector] there.
 *
 * In Twisted the constructor begins. Here a pager sends nothing before its [start] is called, or before a method of an object that the
 * other side has called returns it:
 *
 * ```java
 * @Remote
 * public Pager prices(RemoteReference collector) {
 *   return new BytesPager(collector, prices);
 * }
 * ```
 *
 * The answer of such a method is nothing, and comes when all pages were sent. A pager that has not begun in the turn in which it was made
 * is a warning in the log: the other side would wait for ever.
 *
 * A page that cannot be sent, such as one that is too large, fails the pager. So does a [collector] that was closed. The collector there is
 * not told: it has not got all pages. So let the answer of the method that sends the pages say so.
 *
 * Thread: the reactor's.
 */
public abstract class Pager(private val collector: RemoteReference) {
    private val finished = Deferred<Unit> { over() }
    private var isStarted = false
    private var isOver = false

    init {
        var isMade = false // without a loop there is no later turn
        collector.broker.loop.later { if (isMade && !isStarted && !collector.broker.isDisconnected) warn() }
        isMade = true
    }

    private fun warn() {
        val what = "a {pager} was made and has not begun: it sends no page until start is called, or until the called method returns it"
        log.warn(what, "pager" to javaClass.name)
    }

    /** The next page, or null when there is none: then the paging has ended. A failure ends the paging too. */
    @Throws(Exception::class)
    protected abstract fun nextPage(): Deferred<Any?>

    /** No page is wanted any more, for any reason. */
    protected open fun ended() {}

    /**
     * Begins. The Deferred fires at the end. It fails with the failure of [nextPage], and with [PBConnectionLost]. Cancelling it ends the
     * paging. Later calls give the same Deferred.
     */
    public fun start(): Deferred<Unit> {
        if (isStarted) return finished
        isStarted = true
        collector.broker.notifyOnDisconnect(disconnected)
        next()
        return finished
    }

    private val disconnected = Runnable { fail(PBConnectionLost(ConnectionDone(ClosedBy.PEER))) }

    /** One page in a turn: others have theirs, and what was written shows as waiting. */
    private fun next() {
        if (isOver) return
        page().addBoth { outcome ->
            if (outcome is Failure) fail(outcome.value) else collector.broker.loop.later(::next)
            null
        }
    }

    /** Sends one page, when the transport takes it. */
    private fun page(): Deferred<Any?> =
        collector.broker.transport.whenWritable().addAsyncCallback { pageUnlessOver() }.addCallback { page ->
            if (!isOver) sent(page)
            null
        }

    /** A page that cannot be sent ends the paging: the other side must not take the others for all. */
    private fun sent(page: Any?) {
        if (page != null) return collector.broker.sendOrThrow(collector, "gotPage", listOf(page))
        collector.broker.sendOrThrow(collector, "endedPaging", emptyList())
        if (over()) finished.callback(Unit)
    }

    /** Nothing is read for those who are gone. */
    private fun pageUnlessOver(): Deferred<Any?> = if (isOver) succeed(null) else maybeAsyncDeferred { nextPage() }

    private fun fail(error: Throwable) {
        if (over()) finished.errback(error)
    }

    private fun over(): Boolean {
        if (isOver) return false
        isOver = true
        collector.broker.dontNotifyOnDisconnect(disconnected)
        collector.broker.guarded("the end of a pager", ::ended)
        return true
    }

    private companion object {
        val log = Logger(Pager::class.java)
    }
}

/** Pages of bytes that are there; Twisted's `StringPager`. */
public class BytesPager
@JvmOverloads
constructor(
    collector: RemoteReference,
    private val data: ByteArray,
    private val chunkSize: Int = 8192,
) : Pager(collector) {
    private var sent = 0

    init {
        require(chunkSize > 0) { "chunkSize must be positive, but is $chunkSize" }
    }

    override fun nextPage(): Deferred<Any?> {
        if (sent == data.size) return succeed(null)
        val page = data.copyOfRange(sent, minOf(sent + chunkSize, data.size))
        sent += page.size
        return succeed(Bytes.of(page))
    }
}

/** Pages of a file or of another stream, which is read on the reactor's pool of threads and closed at the end; Twisted's `FilePager`. */
public class FilePager
@JvmOverloads
constructor(
    private val reactor: Reactor,
    collector: RemoteReference,
    private val input: InputStream,
    private val chunkSize: Int = 64 * 1024,
) : Pager(collector) {
    init {
        require(chunkSize > 0) { "chunkSize must be positive, but is $chunkSize" }
    }

    private var isReading = false
    private var hasEnded = false

    override fun nextPage(): Deferred<Any?> {
        val read = reactor.deferToThread { input.readNBytes(chunkSize) }
        isReading = true
        return read.addBoth { outcome ->
            isReading = false
            if (hasEnded) close()
            outcome.get().let { if (it.isEmpty()) null else Bytes.of(it) }
        }
    }

    /** A stream that is being read is closed after that: few are made for two threads. */
    override fun ended() {
        hasEnded = true
        if (!isReading) close()
    }

    private fun close() {
        try {
            reactor.callInThread { input.close() }
        } catch (_: ThreadPoolStoppedException) {
            input.close() // there is no other thread any more
        }
    }
}
