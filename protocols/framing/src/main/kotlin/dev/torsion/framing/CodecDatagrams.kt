// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredQueue
import dev.torsion.defer.await
import dev.torsion.defer.fail
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeMessage
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.PortClosedException
import dev.torsion.net.ProtocolViolationException
import dev.torsion.reactor.Reactor
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.yield
import java.nio.ByteBuffer
import java.util.function.Consumer

/** The protocol below [MessagePort]. */
@OptIn(TorsionSpi::class)
internal class CodecDatagrams<T : Any>(private val reactor: Reactor, private val codec: Codec<T>, private val inboxLimit: Int) :
    DatagramProtocol(),
    MessagePort<T> {
    init {
        require(inboxLimit > 0) { "inboxLimit must be positive, but is $inboxLimit" }
    }

    private val datagrams = DatagramCodec(codec)
    private val inbox = DeferredQueue<Datagram<T>>(DeferredQueue.UNLIMITED, MOST_RECEIVERS)
    private var handler: Consumer<Datagram<T>>? = null
    private var isClosed = false
    private var sentAtOnce = 0

    override val isOpen: Boolean get() = !isClosed

    /** In place of a message: tells one who waits for it that there is none. */
    private class NoMessage<T : Any>(message: T, val error: Throwable) : Datagram<T>(message, NOBODY)

    override fun host(): InternetAddress = transport.host()

    override fun peer(): InternetAddress? = transport.peer()

    @Volatile
    override var droppedMessages: Long = 0
        private set

    @Volatile
    override var malformedDatagrams: Long = 0
        private set

    // Receiving.

    override fun datagramReceived(view: ByteBuffer, sender: InternetAddress) {
        val message =
            try {
                datagrams.decode(view)
            } catch (e: ProtocolViolationException) {
                return refuse(sender, e)
            }
        val takes = handler
        when {
            takes != null -> takes.accept(Datagram(message, sender))
            inbox.pendingCount >= inboxLimit -> droppedMessages++
            else -> inbox.put(Datagram(codec.content.keep(message), sender))
        }
    }

    override fun datagramTruncated(view: ByteBuffer, sender: InternetAddress) =
        refuse(sender, ProtocolViolationException("A datagram is longer than maxPacketSize."))

    private fun refuse(sender: InternetAddress, violation: ProtocolViolationException) {
        malformedDatagrams++
        log.with(LogKeys.REACTOR, reactor.name).debug(
            "A datagram of {peer} is not understood: {reason}",
            LogKeys.PEER to sender,
            LogKeys.REASON to safeMessage(violation),
        )
    }

    override fun connectionRefused() {
        val to = peer() ?: return
        if (inbox.waitingCount > 0) tellNext(ConnectionRefusedException("$to"))
    }

    @Suppress("UNCHECKED_CAST")
    private fun tellNext(error: Throwable) = inbox.put(NoMessage<Any>(error, error) as Datagram<T>)

    override suspend fun receive(): Datagram<T> = receiveDeferred().await()

    override fun receiveDeferred(): Deferred<Datagram<T>> {
        reactor.checkThread("receive")
        check(handler == null) { "messages go to a handler, so that receive() gets none" }
        if (isClosed) return fail(PortClosedException(host()))
        check(inbox.waitingCount < MOST_RECEIVERS) { "$MOST_RECEIVERS calls of receive() wait already" }
        return inbox.get().addCallback { if (it is NoMessage<*>) throw it.error else it }
    }

    override val incoming: Flow<Datagram<T>> = flow {
        while (true) {
            currentCoroutineContext().ensureActive() // before taking: what is taken must be delivered
            emit(receiveUnlessRefused() ?: continue)
        }
    }

    private suspend fun receiveUnlessRefused(): Datagram<T>? = try {
        receive()
    } catch (_: ConnectionRefusedException) {
        null
    }

    override fun onDatagram(handler: Consumer<Datagram<T>>) {
        reactor.checkThread("onDatagram")
        check(this.handler == null) { "there is a handler already" }
        check(inbox.waitingCount == 0) { "a call of receive() waits for a message" }
        this.handler = handler
        while (inbox.pendingCount > 0 && !isClosed) {
            inbox.get().addCallback { handler.accept(it) }.addErrback { failure ->
                reactor.reportError("the handler of $this failed", failure.value)
            }
        }
    }

    // Sending.

    override fun write(message: T, address: InternetAddress) {
        reactor.checkThread("write")
        transport.write(datagrams.encode(message), address)
    }

    override fun write(message: T) {
        reactor.checkThread("write")
        transport.write(datagrams.encode(message))
    }

    override suspend fun send(message: T, address: InternetAddress) = sending { write(message, address) }

    override suspend fun send(message: T) = sending { write(message) }

    private suspend inline fun sending(write: () -> Unit) {
        reactor.checkThread("send")
        if (isClosed) throw PortClosedException(host())
        write()
        if (transport.bufferedBytes > 0) {
            transport.whenWritable().await()
        } else if (++sentAtOnce % AT_ONCE == 0) {
            yield() // a socket that takes all that there is leaves others their turn
        }
    }

    // The end.

    override fun close(): Deferred<Unit> {
        reactor.checkThread("close")
        val closed = transport.stopListening()
        ended()
        return closed
    }

    override fun stopProtocol() = ended()

    private fun ended() {
        if (isClosed) return
        isClosed = true
        repeat(inbox.waitingCount) { if (inbox.waitingCount > 0) tellNext(PortClosedException(host())) }
        while (inbox.pendingCount > 0) inbox.get()
    }

    override fun logPrefix(): String = "Datagrams"

    override fun toString(): String = "Datagrams(${if (isListening) "${host()}" else "closed"}, ${inbox.pendingCount} messages)"

    private companion object {
        const val MOST_RECEIVERS = 1024
        const val AT_ONCE = 64
        val NOBODY = IPv4Address("0.0.0.0", 0)
        val log = Logger(MessagePort::class.java)
    }
}
