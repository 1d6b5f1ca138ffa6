// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.UnhandledFailure
import dev.torsion.defer.UnhandledFailures
import dev.torsion.log.LogObserver
import dev.torsion.log.LogPublisher
import dev.torsion.log.StandInException
import dev.torsion.loop.ErrorListener
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.CancellationException
import kotlin.time.Duration.Companion.ZERO

/**
 * One run of a program in which one hook throws an exception of a [kind]. When it [isHostile], the user's objects cannot be described either,
 * and whoever hears of errors throws too.
 */
internal class Play(private val kind: Kind, val isHostile: Boolean) {
    private val errors = ArrayList<Throwable>()
    private val thrown = ArrayList<Throwable>()
    private val told = ArrayList<Throwable>() // who waited was told with it
    private val unhandled = ArrayList<Throwable>()
    private val logged = ArrayList<Throwable>()
    private val waiting = LinkedHashMap<String, Deferred<*>>()
    private val fired = HashSet<String>()
    internal val probes = ArrayList<Probe>()

    val reactor =
        MemoryReactor(
            ErrorListener { _, error ->
                errors.add(error)
                if (isHostile) beHostile()
            },
        )

    /** This, where `this` is an object of the hook's. */
    val play: Play get() = this

    /** The act of the hook. */
    fun fail(): Nothing = throw kind.new().also(thrown::add)

    /** The act of an object that cannot be described. */
    fun beHostile(): Nothing = throw kind.new()

    /** The hook has been called at all, and how often. */
    val failures: Int get() = thrown.size

    /** [result] is waited for: it has to fire. */
    fun <T> mustFire(what: String, result: Deferred<T>) {
        waiting[what] = result
        result.addBoth { outcome ->
            fired.add(what)
            (outcome as? Failure)?.let { told.add(it.value) }
            null
        }
    }

    /** Runs [call], which may throw to the user who makes it. */
    fun attempt(call: () -> Unit) {
        try {
            call()
        } catch (e: Throwable) {
            told.add(e)
        }
    }

    /** [fail] in a coroutine of [transport], where a cancellation and the end of a connection are no errors. */
    fun failInCoroutine(transport: Transport): Nothing = try {
        fail()
    } catch (e: CancellationException) {
        told.add(e)
        transport.abortConnection()
        throw e
    } catch (e: CloseReason) {
        told.add(e)
        throw e
    }

    /** Listens with [factory], and connects a probe to it. */
    fun connected(factory: Factory): Probe {
        reactor.listenTcp(PORT, factory)
        return client()
    }

    /** A probe that is connected to [PORT]. */
    fun client(): Probe {
        val client = Probe(this)
        reactor.connectTcp("127.0.0.1", PORT, Probes(this) { client })
        reactor.flush()
        return client
    }

    /** Plays [hook], and then looks whether all is well. */
    fun run(hook: Hook) {
        val observer = LogObserver { event -> event.throwable?.let(logged::add) }
        val listener = UnhandledFailures.addListener { report: UnhandledFailure -> unhandled.add(report.failure.value) }
        LogPublisher.global().addObserver(observer)
        listener.use {
            reactor.start()
            attempt { hook.play(this) }
            reactor.flush()
            withClue("the hook was called") { (failures > 0) shouldBe true }
            checkAlive()
            withClue("open after the end of the program") { reactor.network.connections shouldBe 0 }
            reactor.close()
            withClue("the reactor has stopped") { reactor.isRunning shouldBe false }
            withClue("wait still") { (waiting.keys - fired).shouldBeEmpty() }
            for (probe in probes) withClue("made and lost") { probe.lost shouldBe probe.made }
            checkTold(hook.toldOf)
        }
        LogPublisher.global().removeObserver(observer)
    }

    private fun checkTold(toldOf: ToldOf) {
        if (toldOf == ToldOf.NOBODY) return
        val heard = if (toldOf == ToldOf.EACH_IN_THE_LOG) logged else errors + told + unhandled
        val isTold = thrown.map { error -> heard.any { it.leadsTo(error) } }
        withClue("reported, or told to whoever waited: $isTold") {
            (
                if (toldOf ==
                    ToldOf.SOME
                ) {
                    true in isTold
                } else {
                    false !in isTold
                }
                ) shouldBe
                true
        }
    }

    private fun checkAlive() {
        var calls = 0
        reactor.callLater(ZERO) { calls++ }
        reactor.callFromThread { calls++ }
        val echo = Echo()
        val port = reactor.listenTcp(ECHO_PORT, Factory { Echo() })
        reactor.connectTcp("127.0.0.1", ECHO_PORT, ClientFactory { echo })
        reactor.flush()
        echo.transport.write("?".encodeToByteArray())
        reactor.flush()
        withClue("calls of a reactor that is alive") { calls shouldBe 2 }
        withClue("others are served") { echo.echoed shouldBe true }
        echo.transport.abortConnection()
        port.stopListening()
        reactor.advance(Duration.ofHours(1)) // whatever lingers, or is retried, is over
    }

    /** Answers the first bytes that it gets, and then is content. */
    private class Echo : Protocol() {
        var echoed = false

        override fun dataReceived(data: ByteArray) {
            if (!echoed) transport.write(data)
            echoed = true
        }
    }

    companion object {
        const val PORT = 8007
        private const val ECHO_PORT = 7

        /** Whether [error] is this one or is what it tells of. */
        private fun Throwable.leadsTo(error: Throwable): Boolean {
            var at: Throwable? = this
            repeat(CAUSES) {
                val now = at ?: return false
                if (now === error || (now is StandInException && now.original === error)) return true
                at = runCatching { now.cause }.getOrNull()
            }
            return false
        }

        private const val CAUSES = 10
    }
}

/** One way in which the library calls a user's code. */
internal class Hook(val name: String, val toldOf: ToldOf = ToldOf.EACH, val isCoroutine: Boolean = false, val play: Play.() -> Unit)

/** The report of the errors of a hook that is called more than once. */
internal enum class ToldOf {
    /** Each is reported to the error listener, or to whoever waits for the result. */
    EACH,

    /** A waiter for so many failures hears of the last. */
    SOME,

    /** The log has each, for there is nobody else. */
    EACH_IN_THE_LOG,

    /** The text of the log shows that there was one. */
    NOBODY,
}
