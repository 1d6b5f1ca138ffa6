// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("AmpClients")

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.fail
import dev.torsion.defer.futureOnLoop
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.Transport
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Reactor
import dev.torsion.tls.canStartTls
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture

/**
 * One connection of AMP, the Asynchronous Messaging Protocol, which is the same for both sides; Twisted's `AMP`. Either side may ask, and
 * answers come in any order.
 *
 * ```kotlin
 * reactor.listenTcp(8900, Factory { AMP(responders) })
 *
 * val amp = reactor.connectAMP("tcp:localhost:8900")
 * println(amp.ask(Sum, Sum.a(13), Sum.b(81))[Sum.total])
 * ```
 * ```java
 * torsion.listen("tcp:8900", new Factory(() -> new AMP(responders)));
 *
 * try (var amp = AMP.connect(torsion.reactor(), "tcp:localhost:8900").join()) {
 *   long total = amp.call(SUM, SUM.a.of(13L), SUM.b.of(81L)).join().get(SUM.total);
 * }
 * ```
 *
 * A call fails
 * - with an error that its command has declared, or with an [UnknownRemoteException] for any other error of the other side;
 * - with an [UnhandledCommandException] when the other side does not know the command;
 * - with an [AmpConnectionLost] when the connection ends, or has ended;
 * - with an [InvalidSignatureException] or a [TooLongException] when its values cannot be sent, and with a [TooManyCallsException] when too
 *   many calls wait: then nothing was sent;
 * - with a [ProtocolViolationException] when the answer does not fit the command.
 *
 * Cancelling gives up the answer. The protocol has no message for that, so the other side does its work all the same.
 *
 * When the connection ends, every waiting call fails at once. Bytes that are no boxes, and answers to no call, end the connection. Its
 * reason then has a [ProtocolViolationException] as the cause. Boxes that were written before still go out.
 *
 * Thread: the reactor's, where others get a [WrongThreadException]; except for [call], [ask], [startTLSAsync], [awaitStartTLS],
 * [switchProtocolAsync], [awaitSwitchProtocol], [close], [onDisconnect] and [isDisconnected], which may be used on any.
 *
 * @param responders the commands that the other side may ask
 */
public open class AMP
@JvmOverloads
constructor(
    @get:JvmSynthetic
    internal val responders: Responders = Responders.NONE,
    private val options: AmpOptions = AmpOptions.DEFAULT,
) : Protocol(),
    AutoCloseable {
    private val calls = OutgoingCalls(options.maxCalls)
    private val disconnects = ArrayDeque<Runnable>()

    @get:JvmSynthetic
    internal val input = Input(this, options)

    @get:JvmSynthetic internal val requests = Requests(this, options)

    @get:JvmSynthetic
    internal val output = Output(options.maxHeldAnswerBytes, ::tooManyAnswers) { transport.write(it) }

    /** Runs the tasks of this connection. It knows the thread, so that futures refuse to block that. */
    @get:JvmSynthetic
    internal lateinit var loop: ScopeExecutor
        private set

    /** The protocol that has taken the connection over, if one has. */
    @get:JvmSynthetic
    internal var inner: Protocol? = null
        private set

    /** Whether TLS was begun. */
    @get:JvmSynthetic
    internal var isTLS = false
        private set

    @Volatile
    private var lost: CloseReason? = null

    /** Whether nothing of AMP can be sent any more. */
    @get:JvmSynthetic
    internal val hasEnded: Boolean get() = lost != null || inner != null

    /** Whether the connection has ended. On any thread. */
    public val isDisconnected: Boolean get() = lost != null

    /** How many of our calls wait for their answers. */
    public val waitingCalls: Int get() = calls.size

    /** How many requests of the other side wait for our answers. */
    public val waitingRequests: Int get() = requests.count

    // Calls.

    /**
     * Asks the other side for [command]; Twisted's `callRemote`. The values are those of its arguments. For a command that requires no
     * answer the Deferred fires when the request was written.
     */
    public fun callRemote(command: Command, vararg values: ArgumentValue): Deferred<Values> {
        checkThread()
        val slots =
            try {
                slots(command, values)
            } catch (e: AmpException) {
                return fail(e)
            }
        return begin(command, slots)
    }

    /**
     * [callRemote] as a future, on any thread. The values are read before this returns. Cancelling it, or any stage of it, gives up the
     * answer.
     */
    public fun call(command: Command, vararg values: ArgumentValue): CompletableFuture<Values> {
        val slots =
            try {
                slots(command, values)
            } catch (e: AmpException) {
                return connectedLoop().futureOnLoop { fail(e) }
            }
        return connectedLoop().futureOnLoop { begin(command, slots) }
    }

    /** [callRemote] for coroutines, on any dispatcher. A call that is cancelled gives up the answer. */
    @JvmSynthetic
    public suspend fun ask(command: Command, vararg values: ArgumentValue): Values {
        val slots = slots(command, values)
        return connectedLoop().awaitOnLoop { begin(command, slots) }
    }

    /**
     * Asks with a box as it is; Twisted's `callRemoteString`. `_command` and `_ask` are added. It fails with a [RemoteAmpException] for
     * every error that comes.
     */
    @JvmOverloads
    public fun callRemoteString(command: String, box: AmpBox, requiresAnswer: Boolean = true): Deferred<AmpBox> {
        checkThread()
        val call = BoxCall()
        start(call, requiresAnswer, { AmpBox.EMPTY }) { ask ->
            if (command.isEmpty() || command.any { it.code > MAX_BYTE }) {
                throw InvalidSignatureException("The name of a command has one byte for each character.")
            }
            val name = Keys.COMMAND to command.toByteArray(Charsets.ISO_8859_1)
            val whole =
                try {
                    if (ask == null) box.with(name) else box.with(name, Keys.ASK to ask)
                } catch (e: IllegalArgumentException) {
                    throw InvalidSignatureException("The box has a key of AMP's own. ${e.message}", e)
                }
            whole.encode()
        }
        return call.deferred
    }

    private fun slots(command: Command, values: Array<out ArgumentValue>): Array<ByteArray?> {
        if (command is ProtocolSwitchCommand || command === StartTLS) {
            throw InvalidSignatureException("$command changes the connection: ask with switchProtocol or startTLS, or their other voices.")
        }
        return command.arguments.slots(command.arguments.values(values))
    }

    private fun switchSlots(command: ProtocolSwitchCommand, values: Array<out ArgumentValue>): Array<ByteArray?> =
        command.arguments.slots(command.arguments.values(values))

    private fun begin(command: Command, slots: Array<ByteArray?>): Deferred<Values> {
        val call = CommandCall(command)
        start(call, command.requiresAnswer, { Values.EMPTY }) { ask -> command.request(slots, ask) }
        return call.deferred
    }

    private fun <T> start(call: OutgoingCall<T>, requiresAnswer: Boolean, nothing: () -> T, encode: (ByteArray?) -> ByteArray): Boolean {
        try {
            checkOpen()
            if (requiresAnswer || output.heldCount >= options.maxCalls) calls.checkRoom()
            val tag = calls.nextTag()
            val bytes = encode(if (requiresAnswer) java.lang.Long.toHexString(tag).toByteArray(Charsets.ISO_8859_1) else null)
            if (requiresAnswer) calls.add(tag, call)
            output.call(bytes, call, if (requiresAnswer) null else Runnable { if (call.isWanted) call.deferred.callback(nothing()) })
        } catch (e: Exception) {
            call.failed(e)
            return false
        }
        if (requiresAnswer) input.resumeSoon() // its answer has to be read
        return true
    }

    private fun checkOpen() {
        lost?.let { throw AmpConnectionLost(it) }
        if (output.state == Output.State.SWITCHED) throw ProtocolSwitchedException("The connection speaks another protocol now.")
        if (output.state == Output.State.SWITCH_ASKED) throw ProtocolSwitchedException("The connection is about to speak another protocol.")
    }

    private fun checkThread() {
        if (connectedLoop().inLoop) return
        throw WrongThreadException(
            "callRemote, startTLS and switchProtocol are for the reactor's thread: " +
                "call, startTLSAsync and switchProtocolAsync may be used on any, and so may ask, awaitStartTLS and awaitSwitchProtocol.",
        )
    }

    private fun connectedLoop(): ScopeExecutor {
        check(::loop.isInitialized) { "nothing can be asked before the connection is made" }
        return loop
    }

    // Changes of the connection.

    /**
     * Asks for [command]. When the other side agrees, the protocol that [factory] builds takes the connection over, with the bytes that
     * come after the answer. From the call on nothing else can be asked. Calls that still wait when the other protocol takes over fail
     * with a [ProtocolSwitchedException], because nobody will answer them.
     *
     * When the other side refuses, AMP goes on. Cancelling stops only the waiting. The other protocol hears nothing of a half-close.
     */
    public fun switchProtocol(command: ProtocolSwitchCommand, factory: Factory, vararg values: ArgumentValue): Deferred<Values> {
        checkThread()
        val slots =
            try {
                switchSlots(command, values)
            } catch (e: AmpException) {
                return fail(e)
            }
        return beginSwitch(command, factory, slots)
    }

    /**
     * [switchProtocol] as a future, which fails as [switchProtocol] does.
     *
     * **Thread.** Any. The values are read before this returns. [factory] and its protocol are used on the reactor's thread.
     *
     * **Cancellation.** A future that is cancelled before the reactor's thread asks, asks for nothing. Cancelling it later, or any stage of
     * it, stops only the waiting: when the other side agrees, the protocol of [factory] has the connection all the same. [close] ends it.
     */
    public fun switchProtocolAsync(
        command: ProtocolSwitchCommand,
        factory: Factory,
        vararg values: ArgumentValue,
    ): CompletableFuture<Values> {
        val slots =
            try {
                switchSlots(command, values)
            } catch (e: AmpException) {
                return connectedLoop().futureOnLoop { fail(e) }
            }
        return connectedLoop().futureOnLoop { beginSwitch(command, factory, slots) }
    }

    /**
     * [switchProtocol] for coroutines, on any dispatcher. It fails and is cancelled as [switchProtocolAsync]. [factory] and its protocol are
     * used on the reactor's thread.
     */
    @JvmSynthetic
    public suspend fun awaitSwitchProtocol(command: ProtocolSwitchCommand, factory: Factory, vararg values: ArgumentValue): Values {
        val slots = switchSlots(command, values)
        return connectedLoop().awaitOnLoop { beginSwitch(command, factory, slots) }
    }

    private fun beginSwitch(command: ProtocolSwitchCommand, factory: Factory, slots: Array<ByteArray?>): Deferred<Values> {
        val call = SwitchCall(command, factory)
        try {
            checkUnchanging()
            if (start(call, true, { Values.EMPTY }) { ask -> command.request(slots, ask) }) output.asked(Output.State.SWITCH_ASKED)
        } catch (e: AmpException) {
            call.failed(e)
        }
        return call.deferred
    }

    private inner class SwitchCall(command: ProtocolSwitchCommand, private val factory: Factory) : CommandCall(command) {
        override fun read(box: AmpBox): Values = Values.EMPTY

        override fun accepted() {
            val protocol = factory.buildProtocol(transport.peer())
            if (protocol == null) {
                output.switched()
                throw ProtocolViolationException("The factory has no protocol for a connection that has been switched.")
            }
            switchTo(protocol)
        }

        override fun refused(error: Throwable) = output.open(calls, null)
    }

    /** The connection speaks [protocol] from now on. */
    @JvmSynthetic
    internal fun switchTo(protocol: Protocol) {
        if (lost != null) return
        inner = protocol
        output.switched()
        calls.failAll { ProtocolSwitchedException("The connection speaks another protocol now, and the answer cannot come.") }
        try {
            protocol.makeConnection(transport)
        } catch (e: Throwable) {
            transport.abortConnection(e)
        }
        input.resumeSoon()
    }

    /**
     * Asks the other side to begin TLS. When it agrees, the connection goes on with TLS. Calls and answers of the meantime wait, and go
     * through TLS. TLS begins once at most.
     *
     * The Deferred fires when the other side has agreed. When the handshake fails after that, the connection ends, and so do the calls: the
     * cause of the reason is a [TlsException][dev.torsion.tls.TlsException]. When the other side refuses, the Deferred and the calls that
     * wait for TLS fail, and the connection goes on as before. The Deferred fails with a [TLSNotAvailableException] when the transport is
     * one of another library, or does not take such [settings]. Cancelling stops only the waiting.
     *
     * @param settings what this side brings: [TLSSettings.client], on Torsion's own transports
     */
    public fun startTLS(settings: TLSSettings): Deferred<Values> {
        checkThread()
        return beginStartTLS(settings)
    }

    /**
     * [startTLS] as a future, which fails as [startTLS] does.
     *
     * **Thread.** Any.
     *
     * **Cancellation.** A future that is cancelled before the reactor's thread asks, asks for nothing. Cancelling it later, or any stage of
     * it, stops only the waiting: when the other side agrees, the connection goes on with TLS, and when it refuses, as before.
     */
    public fun startTLSAsync(settings: TLSSettings): CompletableFuture<Values> = connectedLoop().futureOnLoop { beginStartTLS(settings) }

    /** [startTLS] for coroutines, on any dispatcher. It fails and is cancelled as [startTLSAsync]. */
    @JvmSynthetic
    public suspend fun awaitStartTLS(settings: TLSSettings): Values = connectedLoop().awaitOnLoop { beginStartTLS(settings) }

    private fun beginStartTLS(settings: TLSSettings): Deferred<Values> {
        val call = TLSCall(settings)
        try {
            if (!takes(settings, isClient = true)) throw TLSNotAvailableException(safeString(transport))
            if (isTLS) throw OnlyOneTLSException()
            checkUnchanging()
            val slots = StartTLS.arguments.slots(Values.EMPTY)
            if (start(call, true, { Values.EMPTY }) { ask -> StartTLS.request(slots, ask) }) output.asked(Output.State.TLS_ASKED)
        } catch (e: AmpException) {
            call.failed(e)
        }
        return call.deferred
    }

    private fun checkUnchanging() {
        checkOpen()
        if (output.state == Output.State.TLS_ASKED) throw OnlyOneTLSException()
        if (input.isQuiet != Input.Quiet.NO) throw ProtocolSwitchedException("The other side has asked for a change, which comes first.")
    }

    private inner class TLSCall(private val settings: TLSSettings) : CommandCall(StartTLS) {
        override fun accepted() = beginTLS(settings, isClient = true)

        override fun refused(error: Throwable) = output.open(calls) { TLSRefusedException(error) }
    }

    /** Whether TLS can begin here at all. */
    @get:JvmSynthetic
    internal val hasTLS: Boolean get() = transport is StartTLSTransport || transport.canStartTls

    /** Whether TLS can begin here with [settings]. */
    @JvmSynthetic
    internal fun takes(settings: TLSSettings, isClient: Boolean): Boolean =
        transport is StartTLSTransport || (settings is OwnSettings && settings.isClient == isClient && transport.canStartTls)

    @JvmSynthetic
    internal fun beginTLS(settings: TLSSettings, isClient: Boolean) {
        isTLS = true
        try {
            val own = transport as? StartTLSTransport
            if (own == null) (settings as OwnSettings).begin(transport) else own.startTLS(settings, isClient)
        } catch (e: Throwable) {
            transport.abortConnection(e)
            return
        }
        input.tlsHasBegun()
        if (isClient) output.open(calls, null)
    }

    // The connection.

    final override fun makeConnection(transport: Transport) {
        loop = ScopeExecutor(transport.scope)
        super.makeConnection(transport)
    }

    final override fun dataReceived(data: ByteArray): Unit = dataReceived(ByteBuffer.wrap(data))

    final override fun dataReceived(view: ByteBuffer): Unit = input.received(view)

    /** For the protocol that the connection has gone over to. */
    final override fun tlsBegins() {
        inner?.tlsBegins()
    }

    /** Within a box. */
    final override fun expectsBytes(): Boolean = inner?.expectsBytes() ?: input.isInBox

    final override fun receiveLimit(): Int = inner?.receiveLimit() ?: super.receiveLimit()

    @JvmSynthetic
    internal fun received(box: AmpBox) {
        val answer = box.raw(Keys.ANSWER)
        val error = if (answer == null) box.raw(Keys.ERROR) else null
        when {
            answer != null -> calls.answered(answer, box)
            error != null -> calls.answeredByError(error, box)
            box.raw(Keys.COMMAND) != null -> requests.received(box)
            else -> throw ProtocolViolationException("A box is neither a request nor an answer.")
        }
    }

    final override fun endConnection(reason: CloseReason) {
        lost = reason
        val unwritten = output.end()
        calls.failAll { AmpConnectionLost(reason) }
        unwritten.forEach { it.failed(AmpConnectionLost(reason)) }
        try {
            inner?.endConnection(reason)
        } finally {
            while (disconnects.isNotEmpty()) disconnects.removeFirst().run() // one may take another back
            super.endConnection(reason)
        }
    }

    private fun tooManyAnswers(): Unit = transport.abortConnection(
        ProtocolViolationException(
            "The peer asks, and does not answer: more than ${options.maxHeldAnswerBytes} bytes of answers are held.",
        ),
    )

    private fun tell(listener: Runnable) {
        try {
            listener.run()
        } catch (e: Throwable) {
            log.failure("A listener of the end of {amp} has failed", e, "amp" to safeString(this))
        }
    }

    /**
     * Runs [listener], on the reactor's thread, when the connection ends; at once when it has ended. Closing what this gives takes it back:
     * on the reactor's thread at once, from another one soon. On any thread.
     */
    public fun onDisconnect(listener: Runnable): AutoCloseable {
        val added = Runnable { tell(listener) } // another object each time, so that each is taken back alone
        connectedLoop().execute { if (lost != null) added.run() else disconnects.add(added) }
        return AutoCloseable { loop.execute { disconnects.remove(added) } }
    }

    /** Closes the connection after the boxes that were sent before. Waiting calls fail. On any thread. */
    final override fun close() {
        if (::loop.isInitialized) loop.execute { if (isConnected) transport.loseConnection() }
    }

    public companion object {
        private val log = Logger(AMP::class.java)
        private const val MAX_BYTE = 0xff

        /**
         * Connects to [endpoint], such as `tcp:localhost:8900`. On any thread. Fails with a
         * [CannotConnectException][dev.torsion.net.CannotConnectException], and with an
         * [EndpointSyntaxException][dev.torsion.endpoint.EndpointSyntaxException] when the string is not understood. A connection that
         * nobody waits for any more is aborted.
         */
        @JvmStatic
        @JvmOverloads
        public fun connect(
            reactor: Reactor,
            endpoint: String,
            responders: Responders = Responders.NONE,
            options: AmpOptions = AmpOptions.DEFAULT,
        ): CompletableFuture<AMP> = reactor.futureOnLoop { open(clientFromString(reactor, endpoint), responders, options) }

        /** [connect] as a Deferred, on the reactor's thread. Cancelling it ends the attempt. */
        @JvmStatic
        @JvmOverloads
        public fun open(
            endpoint: ClientEndpoint,
            responders: Responders = Responders.NONE,
            options: AmpOptions = AmpOptions.DEFAULT,
        ): Deferred<AMP> = endpoint
            .connect(ClientFactory { AMP(responders, options) })
            .addCallback { it as AMP }
            .onUndelivered { if (it.isConnected) it.transport.abortConnection() }
    }
}

/** Connects to [endpoint] and gives the connection. On this reactor's thread; cancelling ends the attempt. */
@JvmSynthetic
public suspend fun Reactor.connectAMP(
    endpoint: String,
    responders: Responders = Responders.NONE,
    options: AmpOptions = AmpOptions.DEFAULT,
): AMP = AMP.open(clientFromString(this, endpoint), responders, options).await()
