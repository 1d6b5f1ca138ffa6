// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.log.LogPublisher
import dev.torsion.log.safeString
import dev.torsion.loop.ErrorListener
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.launch
import java.io.IOException
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.TimeUnit

/**
 * Every hook of codecs, handlers and receivers throws everything that there is to throw. Each time the connection ends on both sides, whoever
 * waits for a message, an answer or the end is told, the error is reported unless it is the peer's doing, and the next client is served.
 */
class CodecHooksSpec :
    FunSpec({
        val usual = LogPublisher.global().observers() // thousands of traces are of no use to anybody
        beforeSpec { usual.forEach(LogPublisher.global()::removeObserver) }
        afterSpec { usual.forEach(LogPublisher.global()::addObserver) }

        for (hook in HOOKS) {
            test(hook.name) {
                for ((name, make) in THROWABLES) {
                    withClue(name) { Run(make(), hook).play() }
                }
            }
        }
    })

private class Hook(
    val name: String,
    /** The exceptions that are the peer's doing, and are not reported. */
    val peersDoing: (Throwable) -> Boolean = { false },
    /** For a coroutine that receives, the peer's violation is no failure of its own. */
    val isCoroutine: Boolean = false,
    val play: Run.() -> Unit,
)

private class Run(private val error: Throwable, private val hook: Hook) {
    val errors = ArrayList<Throwable>()
    val reactor = MemoryReactor(ErrorListener { _, reported -> errors.add(reported) })
    private val waiting = HashSet<String>()
    private var isFailing = true
    var calls = 0

    fun failOnce(): Unit = if (isFailing) failNow() else Unit

    private fun failNow(): Nothing {
        isFailing = false
        calls++
        throw error
    }

    /** [result] has to fire. */
    fun <T> mustFire(what: String, result: Deferred<T>) {
        waiting.add(what)
        result.addBoth {
            waiting.remove(what)
            null
        }
    }

    /** A codec of lines whose parts fail when they are told to. */
    fun codec(
        decode: () -> Unit = {},
        encode: () -> Unit = {},
        keep: () -> Unit = {},
        find: () -> Unit = {},
        newDecoder: () -> Unit = {},
    ): Codec<String> {
        val lines = LineFraming()
        val framing =
            object : Framing by lines {
                override fun newDecoder(): FrameDecoder {
                    newDecoder()
                    return FailingDecoder(lines.newDecoder(), find)
                }

                override fun toString(): String = throw IllegalStateException("no text")
            }
        val text = Content.text()
        val content =
            object : Content<String> {
                override fun decode(frame: ByteBuffer): String {
                    decode()
                    return text.decode(frame)
                }

                override fun encode(value: String): ByteArray {
                    encode()
                    return text.encode(value)
                }

                override fun keep(value: String): String = value.also { keep() }

                override fun toString(): String = throw IllegalStateException("no text")
            }
        return Codec(framing, content)
    }

    /** A server of [codec] that answers each line, and a client that asks. */
    fun asking(
        server: Codec<String> = LineCodec(),
        client: Codec<String> = LineCodec(),
        handler: MessageConnectionHandler<String> = MessageConnectionHandler { c -> c.onMessage { c.write(it) } },
    ) {
        reactor.listen("tcp:8007", server, handler = handler)
        reactor.openConnection(HERE, client).addCallback(::ask).addErrback { }
    }

    fun ask(connection: MessageConnection<String>) {
        mustFire("whenClosed", connection.whenClosed())
        mustFire("the first request", connection.request("one"))
        mustFire("the second request", connection.request("two"))
    }

    fun play() {
        reactor.start()
        hook.play(this)
        reactor.flush()
        withClue("the hook was called") { calls shouldBe 1 }
        waiting.shouldBeEmpty()
        withClue("open connections") { reactor.network.connections shouldBe 0 }
        val isNoError = hook.isCoroutine && error is ProtocolViolationException
        withClue(
            "reported: ${errors.map {
                safeString(it)
            }}",
        ) { errors.any { it === error } shouldBe !(isNoError || hook.peersDoing(error)) }
        checkServed()
        reactor.close()
    }

    /** The next client is served, if there is a server. */
    private fun checkServed() {
        if (reactor.ports.none { it.isListening && it.port() == PORT }) return
        val client = Asking()
        reactor.connectTcp("127.0.0.1", PORT, ClientFactory { client })
        reactor.flush()
        reactor.advance(Duration.ofSeconds(2))
        withClue("the next client is answered") { client.answer shouldBe "three\r\n" }
        client.transport.abortConnection()
        reactor.flush()
    }

    private class Asking : Protocol() {
        var answer = ""

        override fun connectionMade() = transport.write("three\r\n".encodeToByteArray())

        override fun dataReceived(data: ByteArray) {
            answer += data.decodeToString()
        }
    }

    companion object {
        const val PORT = 8007
        const val HERE = "tcp:127.0.0.1:8007"
    }
}

private class FailingDecoder(private val inner: FrameDecoder, private val find: () -> Unit) : FrameDecoder() {
    override fun find(input: ByteBuffer): Boolean {
        find()
        return if (inner.find(input)) found(inner.start, inner.end, inner.next) else needs(inner.needed)
    }

    override fun reset() = inner.reset()
}

/** Answers each line, except for the first of all. */
private abstract class Lines(private val run: Run) : LineOnlyReceiver() {
    override fun lineReceived(line: ByteArray) {
        run.failOnce()
        sendLine(line)
    }
}

private val HOOKS =
    listOf(
        Hook("a server's decode", peersDoing = {
            it is Exception || it is StackOverflowError
        }) { asking(server = codec(decode = { failOnce() })) },
        Hook("a client's decode", peersDoing = {
            it is Exception || it is StackOverflowError
        }) { asking(client = codec(decode = { failOnce() })) },
        Hook("a server's encode") { asking(server = codec(encode = { failOnce() })) },
        Hook("keep") {
            asking(server = codec(keep = { failOnce() })) { c -> reactor.callLater(1, TimeUnit.SECONDS) { c.onMessage { c.write(it) } } }
            reactor.flush()
            reactor.advance(Duration.ofSeconds(2))
        },
        Hook("a server's decoder", peersDoing = { it is ProtocolViolationException }) { asking(server = codec(find = { failOnce() })) },
        Hook("a client's decoder", peersDoing = { it is ProtocolViolationException }) { asking(client = codec(find = { failOnce() })) },
        Hook("newDecoder") { asking(server = codec(newDecoder = { failOnce() })) },
        Hook("connected") {
            asking { c ->
                failOnce()
                c.onMessage { c.write(it) }
            }
        },
        Hook("onMessage") {
            asking { c ->
                c.onMessage {
                    failOnce()
                    c.write(it)
                }
            }
        },
        Hook("onMessage, later") {
            asking { c ->
                c.onMessage {
                    val before = calls
                    val failing = Deferred<Unit>()
                    reactor.callFromThread { runCatching { failOnce() }.onFailure(failing::errback).onSuccess { failing.callback(Unit) } }
                    failing.addCallback { if (calls == before) c.write(it.let { _ -> "three" }) }
                }
            }
        },
        Hook("onMessage, by a Deferred that has failed") {
            asking { c ->
                c.onMessage {
                    runCatching { failOnce() }.exceptionOrNull()?.let { e -> fail<Unit>(e) } ?: c.write(it)
                }
            }
        },
        Hook("the coroutine of serve", isCoroutine = true) {
            reactor.serve("tcp:8007", LineCodec()) { connection ->
                for (line in connection.incoming) {
                    failOnce()
                    connection.send(line)
                }
            }
            reactor.openConnection(HERE_TO, LineCodec()).addCallback(::ask).addErrback { }
        },
        Hook("a server's decode, with a coroutine that receives", peersDoing = { it is Exception || it is StackOverflowError }) {
            reactor.serve("tcp:8007", codec(decode = { failOnce() })) { connection ->
                for (line in connection.incoming) connection.send(line)
            }
            reactor.openConnection(HERE_TO, LineCodec()).addCallback(::ask).addErrback { }
        },
        Hook("a client's decoder, with a coroutine that receives") {
            reactor.listen("tcp:8007", LineCodec()) { c -> c.onMessage { c.write(it) } }
            val received = Deferred<Unit>()
            mustFire("receive", received)
            reactor.scope.launch {
                try {
                    val connection = reactor.connect(HERE_TO, codec(find = { failOnce() }))
                    connection.send("one")
                    connection.receive()
                } finally {
                    received.callback(Unit)
                }
            }
        },
        Hook("lineReceived") {
            reactor.listenTcp(Run.PORT, Factory { object : Lines(this) {} })
            reactor.openConnection(HERE_TO, LineCodec()).addCallback(::ask).addErrback { }
        },
        Hook("lineLengthExceeded") {
            reactor.listenTcp(
                Run.PORT,
                Factory {
                    object : LineOnlyReceiver(LineFraming(maxLength = 5)) {
                        override fun lineReceived(line: ByteArray) = sendLine(line)

                        override fun lineLengthExceeded(line: ByteArray) = failOnce()
                    }
                },
            )
            reactor.openConnection(HERE_TO, LineCodec()).addCallback { c ->
                mustFire("whenClosed", c.whenClosed())
                mustFire("request", c.request("much too long"))
            }
        },
        Hook("protocolViolated") {
            reactor.listenTcp(
                Run.PORT,
                Factory {
                    object : NetstringReceiver() {
                        override fun stringReceived(string: ByteArray) {}

                        override fun protocolViolated(violation: ProtocolViolationException) = failOnce()
                    }
                },
            ).also { port ->
                reactor.openConnection(HERE_TO, LineCodec()).addCallback { c ->
                    mustFire("whenClosed", c.whenClosed())
                    mustFire("request", c.request("no netstring"))
                }
                reactor.flush()
                port.stopListening()
            }
        },
    )

private const val HERE_TO = Run.HERE

/** The exceptions of a user's code. */
private val THROWABLES: List<Pair<String, () -> Throwable>> =
    listOf(
        "a RuntimeException" to { IllegalStateException("on purpose") },
        "a checked exception" to { IOException("on purpose") },
        "a CancellationException" to { CancellationException("on purpose") },
        "a protocol violation" to { ProtocolViolationException("on purpose") },
        "an OutOfMemoryError" to { OutOfMemoryError("on purpose") },
        "a StackOverflowError" to { StackOverflowError() },
        "a NoClassDefFoundError" to { NoClassDefFoundError("on/purpose") },
        "an AssertionError" to { AssertionError("on purpose") },
        "an exception without a text" to { WithoutText() },
        "an error without a text" to { ErrorWithoutText() },
    )

private class WithoutText : Exception() {
    override val message: String get() = throw IllegalStateException("no message")

    override fun toString(): String = throw IllegalStateException("no text")
}

private class ErrorWithoutText : Error() {
    override val message: String get() = throw NoClassDefFoundError("Message")

    override fun toString(): String = throw StackOverflowError()
}
