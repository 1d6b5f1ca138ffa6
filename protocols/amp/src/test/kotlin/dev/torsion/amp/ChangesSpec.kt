// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.succeed
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.Transport
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.StringTransport
import dev.torsion.tls.Tls
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf

/** The connection goes over to another protocol, or to TLS, or does not. */
class ChangesSpec :
    FunSpec({
        val asked = box("_command", "ShoutSwitch", "_ask", "1", "greeting", "hi").encode()

        test("switch, answered: what comes behind belongs to the new protocol") {
            val inner = Inner()
            val server = Alone(Responders.builder().onSwitch(ShoutSwitch) { inner }.build())
            server.transport.receive(asked + "early".toByteArray())
            inner.said shouldBe listOf("made", "early")
            server.transport.receive("more")
            server.transport.text() shouldBe box("_answer", "1").encode().decodeToString() + "<early><more>"
            server.transport.lose()
            inner.said.last() shouldBe "lost"
        }

        test("switch, answered later: what comes meanwhile is kept, nothing more is read, and the new protocol gets it all") {
            val inner = Inner()
            val later = Deferred<Protocol>()
            val server = Alone(Responders.builder().onSwitchDeferred(ShoutSwitch) { later }.build())
            server.transport.receive(asked + "early".toByteArray())
            server.transport.isReadingPaused shouldBe true
            later.callback(inner)
            inner.said shouldBe listOf("made", "early")
            server.transport.isReadingPaused shouldBe false
        }

        test("switch, refused later: what came meanwhile are boxes") {
            val later = Deferred<Protocol>()
            val server = Alone(Responders.builder().onSwitchDeferred(ShoutSwitch) { later }.on(Nothings) { Values.EMPTY }.build())
            server.transport.receive(asked + box("_command", "Nothing", "_ask", "2").encode())
            server.written().shouldBeEmpty()
            later.errback(ArithmeticException("no"))
            server.written().map { it.text("_error") ?: it.text("_answer") } shouldBe listOf("1", "2")
            server.transport.isReadingPaused shouldBe false
        }

        test("switch, asked: calls are refused and answers are held; when it is refused both go on") {
            val client = Alone(Responders.builder().on(Nothings) { Values.EMPTY }.build())
            val inner = Inner()
            val switch = client.amp.switchProtocol(ShoutSwitch, Factory { inner }, ShoutSwitch.greeting("hi")).outcome()
            client.written().single().text("_command") shouldBe "ShoutSwitch"
            (client.amp.callRemote(Nothings).outcome()() as Failure).value.shouldBeInstanceOf<ProtocolSwitchedException>()
            (client.amp.switchProtocol(ShoutSwitch, Factory { inner }, ShoutSwitch.greeting("x")).outcome()() as Failure)
                .value.shouldBeInstanceOf<ProtocolSwitchedException>()
            client.receive("_command", "Nothing", "_ask", "7")
            client.written().shouldBeEmpty()
            client.receive("_error", "1", "_error_code", "ZERO_DIVISION", "_error_description", "no")
            (switch() as Failure).value.shouldBeInstanceOf<ArithmeticException>()
            client.written() shouldBe listOf(box("_answer", "7"))
            client.amp.callRemote(Nothings).called shouldBe false
            inner.said.shouldBeEmpty()
        }

        test(
            "switch, accepted: calls that wait fail at once, what follows the answer is the new protocol's, and AMP refuses all",
        ) {
            val client = Alone()
            val inner = Inner()
            val waiting = client.amp.callRemote(Nothings).outcome()
            val switch = client.amp.switchProtocol(ShoutSwitch, Factory { inner }, ShoutSwitch.greeting("hi")).outcome()
            client.transport.receive(box("_answer", "2").encode() + "hello".toByteArray())
            switch()!!.isSuccess shouldBe true
            inner.said shouldBe listOf("made", "hello")
            (waiting() as Failure).value.shouldBeInstanceOf<ProtocolSwitchedException>()
            (client.amp.callRemote(Nothings).outcome()() as Failure).value.shouldBeInstanceOf<ProtocolSwitchedException>()
            client.amp.receiveLimit() shouldBe 77
            client.transport.lose()
            inner.said.last() shouldBe "lost"
        }

        test("switch, cancelled: the waiting ends; when the other side agrees the new protocol has the connection all the same") {
            val client = Alone()
            val inner = Inner()
            val switch = client.amp.switchProtocol(ShoutSwitch, Factory { inner }, ShoutSwitch.greeting("hi"))
            val outcome = switch.outcome()
            switch.cancel()
            (outcome() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            client.receive("_answer", "1")
            inner.said shouldBe listOf("made")
        }

        test("switch: a factory that throws, or has no protocol, ends the connection and fails the call") {
            for (factory in listOf(
                Factory { error("of the factory") },
                object : Factory() {
                    override fun buildProtocol(address: dev.torsion.net.Address): Protocol? = null
                },
            )) {
                val client = Alone()
                val switch = client.amp.switchProtocol(ShoutSwitch, factory, ShoutSwitch.greeting("hi")).outcome()
                val thrown = runCatching { client.receive("_answer", "1") }.exceptionOrNull() // a real transport aborts for it
                (thrown != null || client.transport.isDisconnecting) shouldBe true
                switch()!!.isSuccess shouldBe false
            }
        }

        test("switch: both sides ask at once, and both are refused") {
            val client = Alone(Responders.builder().onSwitch(ShoutSwitch) { Inner() }.build())
            val switch = client.amp.switchProtocol(ShoutSwitch, Factory { Inner() }, ShoutSwitch.greeting("hi")).outcome()
            client.written()
            client.transport.receive(asked)
            client.written().single().text("_error_code") shouldBe "BUSY"
            client.receive("_error", "1", "_error_code", "BUSY", "_error_description", "")
            switch()!!.isSuccess shouldBe false
            client.amp.callRemote(Nothings).called shouldBe false
        }

        test("switch without an answer wanted is a violation; a switch that the end of the connection overtakes makes no protocol") {
            val server = Alone(Responders.builder().onSwitch(ShoutSwitch) { Inner() }.build())
            server.receive("_command", "ShoutSwitch", "greeting", "hi")
            server.transport.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
            val later = Deferred<Protocol>()
            val inner = Inner()
            val other = Alone(Responders.builder().onSwitchDeferred(ShoutSwitch) { later }.build())
            other.transport.receive(asked)
            other.transport.lose()
            later.callback(inner)
            inner.said.shouldBeEmpty()
            other.transport.value().size shouldBe 0
        }

        test("StartTLS on a transport without TLS: our call says so and sends nothing, a peer is told so, and the connection goes on") {
            val plain = StringTransport()
            val client = AMP(Responders.builder().onStartTLS { Settings }.build())
            val foreign = object : Transport by plain {
                override fun toString() = "a transport of another library"
            }
            plain.connect(
                object : Protocol() {
                    override fun connectionMade() = client.makeConnection(foreign)

                    override fun dataReceived(data: ByteArray) = client.dataReceived(data)
                },
            )
            val settings = TLSSettings.client(Tls.client(), "localhost")
            (client.startTLS(settings).outcome()() as Failure).value.shouldBeInstanceOf<TLSNotAvailableException>()
                .message!! shouldContain "another library"
            plain.value().size shouldBe 0
            plain.receive(box("_command", "StartTLS", "_ask", "1").encode())
            decodeAll(plain.value()) shouldBe
                listOf(box("_error", "1", "_error_code", "TLS_ERROR", "_error_description", "TLS not available"))
            plain.isDisconnecting shouldBe false
            val without = Alone()
            without.receive("_command", "StartTLS", "_ask", "1")
            without.written().single().text("_error_code") shouldBe "UNHANDLED"
        }

        test("StartTLS with settings that the transport does not take: our call says so, and our responder's are a BadLocalReturn") {
            CapturedLogs.start().use { logs ->
                val client = Alone(Responders.builder().onStartTLS { Settings }.build())
                (client.amp.startTLS(Settings).outcome()() as Failure).value.shouldBeInstanceOf<TLSNotAvailableException>()
                    .message!! shouldContain "StringTransport"
                client.transport.value().size shouldBe 0
                client.receive("_command", "StartTLS", "_ask", "1")
                client.written().single().text("_error_code") shouldBe "UNKNOWN"
                logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
            }
        }

        test("StartTLS, asked: the exact boxes of Twisted, and what is asked and answered meanwhile goes through TLS") {
            val client = Secure(Responders.builder().on(Nothings) { Values.EMPTY }.build())
            val tls = client.amp.startTLS(Settings).outcome()
            client.plain.value().toHexString() shouldBe "00045f61736b00013100085f636f6d6d616e6400085374617274544c530000"
            client.plain.clear()
            val call = client.amp.callRemote(Nothings).outcome()
            val once = client.amp.callRemote(NoAnswer, NoAnswer.by(1)).outcome()
            val cancelled = client.amp.callRemote(Nothings)
            cancelled.addErrback { Values.EMPTY }
            cancelled.cancel()
            client.plain.receive(box("_command", "Nothing", "_ask", "9").encode())
            client.plain.value().size shouldBe 0
            once().shouldBeNull()
            (client.amp.startTLS(Settings).outcome()() as Failure).value.shouldBeInstanceOf<OnlyOneTLSException>()
            client.plain.receive(box("_answer", "1").encode())
            client.transport.begun shouldBe listOf("client")
            tls()!!.isSuccess shouldBe true
            client.plain.value().size shouldBe 0
            decodeAll(client.transport.secured()).map { it.text("_command") ?: it.text("_answer") } shouldBe
                listOf("Nothing", "NoAnswer", "9")
            once()!!.isSuccess shouldBe true
            client.plain.receive(box("_answer", "2").encode())
            call()!!.isSuccess shouldBe true
            client.amp.waitingCalls shouldBe 0
            (client.amp.startTLS(Settings).outcome()() as Failure).value.shouldBeInstanceOf<OnlyOneTLSException>()
        }

        test("StartTLS, refused: calls that were to go through TLS fail and are never sent in the clear; answers go, and AMP goes on") {
            val client = Secure(Responders.builder().on(Nothings) { Values.EMPTY }.build())
            val tls = client.amp.startTLS(Settings).outcome()
            client.plain.clear()
            val call = client.amp.callRemote(Nothings).outcome()
            val once = client.amp.callRemote(NoAnswer, NoAnswer.by(1)).outcome()
            client.plain.receive(box("_command", "Nothing", "_ask", "9").encode())
            client.plain.receive(box("_error", "1", "_error_code", "UNHANDLED", "_error_description", "no").encode())
            (tls() as Failure).value.shouldBeInstanceOf<UnhandledCommandException>()
            (call() as Failure).value.shouldBeInstanceOf<TLSRefusedException>().cause.shouldBeInstanceOf<UnhandledCommandException>()
            (once() as Failure).value.shouldBeInstanceOf<TLSRefusedException>()
            decodeAll(client.plain.value()) shouldBe listOf(box("_answer", "9"))
            client.plain.clear()
            client.amp.callRemote(Nothings)
            decodeAll(client.plain.value()).single().text("_command") shouldBe "Nothing"
            client.transport.begun.shouldBeEmpty()
        }

        test("StartTLS, and the connection ends before the answer: everything that waits fails") {
            val client = Secure()
            val outcomes =
                listOf(
                    client.amp.startTLS(Settings),
                    client.amp.callRemote(Nothings),
                    client.amp.callRemote(NoAnswer, NoAnswer.by(1)),
                ).map {
                    it.outcome()
                }
            client.plain.lose()
            for (outcome in outcomes) (outcome() as Failure).value.shouldBeInstanceOf<AmpConnectionLost>()
        }

        test("StartTLS, answered: the answer goes in the clear, all else through TLS, and only once") {
            val server = Secure(Responders.builder().onStartTLS { Settings }.on(Nothings) { Values.EMPTY }.build())
            val request = box("_command", "StartTLS", "_ask", "1").encode()
            server.plain.receive(request)
            decodeAll(server.plain.value()) shouldBe listOf(box("_answer", "1"))
            server.transport.begun shouldBe listOf("server")
            server.plain.clear()
            server.plain.receive(box("_command", "Nothing", "_ask", "2").encode())
            decodeAll(server.transport.secured()) shouldBe listOf(box("_answer", "2"))
            server.plain.receive(box("_command", "StartTLS", "_ask", "3").encode())
            decodeAll(server.transport.secured()).last().text("_error_code") shouldBe "TLS_ERROR"
            server.transport.begun.size shouldBe 1
        }

        test(
            "bytes put behind the request or the answer of StartTLS are never read as boxes (as in CVE-2011-0411)",
        ) {
            var ran = 0
            val responders = Responders.builder().onStartTLS { Settings }.on(Nothings) { Values.EMPTY.also { ran++ } }.build()
            val injected = box("_command", "Nothing", "_ask", "2").encode()
            val server = Secure(responders)
            server.plain.receive(box("_command", "StartTLS", "_ask", "1").encode() + injected)
            server.plain.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
            val client = Secure(responders)
            client.amp.startTLS(Settings).addErrback { Values.EMPTY }
            client.plain.receive(box("_answer", "1").encode() + injected)
            client.plain.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
            val full = Secure(
                Responders.builder().addAll(responders).onDeferred(Hang) { Deferred() }.build(),
                AmpOptions.DEFAULT.withMaxRequests(1),
            )
            full.amp.callRemote(Nothings)
            full.plain.receive(box("_command", "Hang", "_ask", "1").encode() + box("_command", "StartTLS", "_ask", "2").encode() + injected)
            full.plain.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
            ran shouldBe 0
        }

        test("StartTLS: both sides ask at once, and both are refused; a transport that fails to begin ends the connection") {
            val client = Secure(Responders.builder().onStartTLS { Settings }.build())
            val tls = client.amp.startTLS(Settings).outcome()
            client.plain.clear()
            client.plain.receive(box("_command", "StartTLS", "_ask", "1").encode())
            decodeAll(client.plain.value()).single().text("_error_code") shouldBe "TLS_ERROR"
            client.plain.receive(box("_error", "1", "_error_code", "TLS_ERROR", "_error_description", "").encode())
            (tls() as Failure).value.shouldBeInstanceOf<UnknownRemoteException>().errorCode shouldBe "TLS_ERROR"
            val failing = Secure()
            failing.transport.failure = IllegalStateException("no certificate")
            failing.amp.startTLS(Settings).addErrback { Values.EMPTY }
            failing.plain.receive(box("_answer", "1").encode())
            failing.plain.abortCause!!.message shouldBe "no certificate"
        }

        test("a peer that asks and asks in place of answering has its connection aborted, before its answers fill the memory") {
            val responders = Responders.builder().on(Nothings) { Values.EMPTY }.build()
            val client = Secure(responders, AmpOptions.DEFAULT.withMaxHeldAnswerBytes(1_000))
            val tls = client.amp.startTLS(Settings).outcome()
            var asked = 0
            while (client.plain.abortCause == null && asked < 1_000) {
                client.plain.receive(box("_command", "Nothing", "_ask", "${++asked}").encode())
            }
            client.plain.abortCause.shouldBeInstanceOf<ProtocolViolationException>().message!! shouldContain "1000 bytes of answers"
            (asked in 20..100) shouldBe true
            tls() shouldBe null
        }

        test("a responder that gives nothing to go over to is a BadLocalReturn") {
            CapturedLogs.start().use { logs ->
                val server = Alone(Responders.builder().onSwitchDeferred(ShoutSwitch) { nothing() }.build())
                server.transport.receive(asked)
                server.written().single().text("_error_code") shouldBe "UNKNOWN"
                logs.flushLoggedErrors(BadLocalReturnException::class.java).size shouldBe 1
            }
        }
    })

@Suppress("UNCHECKED_CAST")
private fun nothing() = succeed(null as Any?) as Deferred<Protocol>

private object Settings : TLSSettings

private class Inner : Protocol() {
    val said = ArrayList<String>()

    override fun connectionMade() {
        said.add("made")
    }

    override fun dataReceived(data: ByteArray) {
        said.add(data.decodeToString())
        transport.write("<${data.decodeToString()}>".toByteArray())
    }

    override fun receiveLimit() = 77

    override fun connectionLost(reason: CloseReason) {
        said.add("lost")
    }
}

/** A transport with TLS, of which the test sees both sides: what was written before it began, and after that. */
private class FakeTLSTransport(private val plain: StringTransport) :
    Transport by plain,
    StartTLSTransport {
    val begun = ArrayList<String>()
    var failure: RuntimeException? = null
    private val secured = java.io.ByteArrayOutputStream()

    fun secured(): ByteArray = secured.toByteArray().also { secured.reset() }

    override fun startTLS(settings: TLSSettings, isClient: Boolean) {
        failure?.let { throw it }
        check(settings === Settings)
        begun.add(if (isClient) "client" else "server")
    }

    override fun write(data: ByteArray, offset: Int, length: Int) {
        if (begun.isEmpty()) plain.write(data, offset, length) else secured.write(data, offset, length)
    }

    override fun write(data: ByteArray) = write(data, 0, data.size)
}

/** One side on a [FakeTLSTransport]. */
private class Secure(responders: Responders = Responders.NONE, options: AmpOptions = AmpOptions.DEFAULT) {
    val plain = StringTransport()
    val transport = FakeTLSTransport(plain)
    val amp = AMP(responders, options)

    init {
        plain.connect(
            object : Protocol() {
                override fun connectionMade() = amp.makeConnection(this@Secure.transport)

                override fun dataReceived(data: ByteArray) = amp.dataReceived(data)

                override fun connectionLost(reason: CloseReason) = amp.endConnection(reason)
            },
        )
    }
}
