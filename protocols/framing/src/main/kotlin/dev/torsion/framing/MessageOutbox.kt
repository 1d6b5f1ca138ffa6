// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Failure
import dev.torsion.net.CloseReason
import java.util.function.Function

/**
 * Messages for a receiver that may be slower than they come, such as prices. It never waits and never grows over its limit: when the
 * receiver is behind, some messages are left out. The three kinds differ in which.
 *
 * ```kotlin
 * val prices = MessageOutbox.latest(connection) { price: Price -> price.symbol }
 * feed.subscribe { prices.offer(it) }
 * ```
 *
 * While the connection is [writable][MessageConnection.isWritable], a message is written at once. Otherwise it waits here, until the
 * output has gone down to the transport's low-water mark. So at most the high-water mark and [limit] messages are behind. Messages that
 * are written in another way, such as answers, do not wait behind those here.
 *
 * When the connection ends, or this side has closed it, waiting messages are dropped. When its port or its reactor drains, waiting messages
 * are sent, and more are refused. A message that cannot be encoded when its time comes is reported, and aborts the connection.
 *
 * Thread: the connection's.
 *
 * @property limit how many messages may wait
 */
public class MessageOutbox<T : Any> private constructor(
    private val connection: MessageConnection<T>,
    public val limit: Int,
    private val dropsNewest: Boolean,
    private val key: Function<in T, out Any>?,
) {
    init {
        require(limit > 0) { "limit must be positive, but is $limit" }
    }

    private val ours = connection as? CodecConnection<T>
    private val messages = LinkedHashMap<Any, T>()
    private var count = 0L // the key of a message that has none
    private var isWaiting = false

    /** How many messages wait now. */
    public val waiting: Int get() = messages.size

    /** How many messages were left out: replaced by a newer one, dropped at the limit, or offered to a connection that was ending or gone. */
    public var dropped: Long = 0
        private set

    /**
     * Sends [message], now or when there is room.
     *
     * @return false when it was dropped at once: the limit is reached and the newest is dropped, or the connection is closing, draining or gone
     * @throws EncodeException when it is written now, and the codec cannot carry it
     */
    public fun offer(message: T): Boolean {
        ours?.checkThread("offer")
        if (isClosing || connection.transport.isDraining) return drop()
        if (messages.isEmpty() && connection.isWritable) {
            connection.write(message)
            return true
        }
        val place = key?.apply(message) ?: count++
        if (messages.containsKey(place)) {
            dropped++
        } else if (messages.size >= limit) {
            if (dropsNewest) return drop()
            messages.remove(messages.keys.first())
            dropped++
        }
        messages[place] = message
        awaitRoom()
        return true
    }

    private val isClosing: Boolean get() = ours?.isSendingOver ?: (connection.closeReason != null || connection.transport.isDisconnecting)

    private fun drop(): Boolean {
        dropped++
        return false
    }

    private fun awaitRoom() {
        if (isWaiting) return
        isWaiting = true
        connection.whenWritable().addCallbacks({ writable() }, ::ended)
    }

    private fun writable() {
        isWaiting = false
        if (isClosing) return dropAll() // none comes behind the last message
        try {
            while (messages.isNotEmpty() && connection.isWritable) {
                val first = messages.entries.iterator()
                val message = first.next().value
                first.remove()
                connection.write(message)
            }
        } catch (e: Throwable) { // nobody else would hear of it
            connection.transport.failed(e)
            return dropAll() // the connection is aborted: what is left is sent no more
        }
        if (messages.isNotEmpty()) awaitRoom()
    }

    private fun dropAll() {
        dropped += messages.size
        messages.clear()
    }

    private fun ended(failure: Failure) {
        dropAll()
        if (failure.value !is CloseReason) failure.raise()
    }

    override fun toString(): String = "MessageOutbox($waiting waiting, $dropped dropped, for $connection)"

    public companion object {
        private const val MOST_KEYS = 1024

        /** Drops the oldest message that waits when there are [limit] already. */
        @JvmStatic
        public fun <T : Any> dropOldest(connection: MessageConnection<T>, limit: Int): MessageOutbox<T> =
            MessageOutbox(connection, limit, dropsNewest = false, key = null)

        /** Refuses a message when [limit] wait already. */
        @JvmStatic
        public fun <T : Any> dropNewest(connection: MessageConnection<T>, limit: Int): MessageOutbox<T> =
            MessageOutbox(connection, limit, dropsNewest = true, key = null)

        /**
         * Conflates: a message takes the place of the one with the same [key] that waits, if there is one. When [limit] keys wait, the
         * oldest message is dropped for a new one.
         *
         * @param key what a message is about, with `equals` and `hashCode`
         */
        @JvmStatic
        @JvmOverloads
        public fun <T : Any> latest(
            connection: MessageConnection<T>,
            limit: Int = MOST_KEYS,
            key: Function<in T, out Any>,
        ): MessageOutbox<T> = MessageOutbox(connection, limit, dropsNewest = false, key = key)
    }
}
