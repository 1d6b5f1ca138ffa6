// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.Logger
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.testkit.kotest.TorsionSpecExtension
import io.kotest.core.spec.style.StringSpec
import kotlinx.coroutines.launch
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

private class Idle : Protocol()

/** Ways in which a test can leave something behind; run by the tests of both extensions. */
object Leaks {
    @JvmStatic
    fun pendingCall(reactor: MemoryReactor) {
        reactor.callLater(5.seconds) {}
    }

    @JvmStatic
    fun openPort(reactor: MemoryReactor) {
        reactor.listenTcp(8007, Factory { Idle() })
    }

    @JvmStatic
    fun openConnection(reactor: MemoryReactor) {
        val port = reactor.listenTcp(8007, Factory { Idle() })
        reactor.connectTcp("127.0.0.1", 8007, ClientFactory { Idle() })
        reactor.flush()
        port.stopListening()
    }

    @JvmStatic
    fun unhandledFailure() {
        Deferred<String>().errback(IllegalStateException("nobody cares"))
    }

    @JvmStatic
    fun waitingCoroutine(reactor: MemoryReactor) {
        reactor.flush()
        reactor.scope.launch { Deferred<String>().await() }
    }

    @JvmStatic
    fun waitingInline() {
        val never = Deferred<String>()
        inlineCallbacks { never.await() }
    }

    @JvmStatic
    fun endlessShutdown(reactor: MemoryReactor) {
        reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<String>() }
        reactor.flush()
    }

    @JvmStatic
    fun pausedFailure() {
        val held = Deferred<String>()
        held.pause()
        held.errback(IllegalStateException("held"))
    }

    @JvmStatic
    fun unseenFuture(reactor: MemoryReactor) {
        val work = reactor.deferToThread { error("unseen") }
        work.toCompletableFuture(reactor).thenRun { }
        reactor.flush()
    }

    @JvmStatic
    fun loggedError() {
        Logger("the.program").failure("could not {do}", ArithmeticException("logged"), "do" to "it")
    }

    /** Everything is put away. */
    @JvmStatic
    fun nothing(reactor: MemoryReactor, logs: CapturedLogs) {
        loggedError()
        logs.flushLoggedErrors(ArithmeticException::class.java)
        Logger("the.program").error("this was expected")
        reactor.callLater(5.seconds) {}
        val port = reactor.listenTcp(8007, Factory { Idle() })
        val connector = reactor.connectTcp("127.0.0.1", 8007, ClientFactory { Idle() })
        reactor.advance(5.seconds)
        connector.disconnect()
        port.stopListening()
        val handled = Deferred<String>()
        handled.errback(IllegalStateException("somebody cares"))
        handled.addErrback { "" }
        reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { reactor.deferLater(5.seconds) { "closed in time" } }
        reactor.scope.launch { inlineCallbacks { reactor.deferToThread { 1 }.await() }.await() }
        val released = Deferred<String>()
        released.pause()
        released.errback(IllegalStateException("somebody cares"))
        released.addErrback { "" }
        released.unpause()
        val futures = (1..4).map { reactor.deferToThread { error("somebody looks") }.toCompletableFuture(reactor) }
        reactor.flush()
        futures[0].handle { _, error -> error }
        futures[1].isCompletedExceptionally
        futures[2].whenComplete { _, _ -> }
        CompletableFuture.allOf(futures[3].exceptionally { null })
        Deferred<String>().toCompletableFuture(reactor).cancel(true)
    }
}

/** Run by [dev.torsion.testkit.ExtensionsTest] only: most of its tests fail. */
class LeakyKotestFixture :
    StringSpec({
        val torsion = extension(TorsionSpecExtension())

        "pendingCall" { Leaks.pendingCall(torsion.reactor) }
        "openPort" { Leaks.openPort(MemoryReactor()) }
        "openConnection" { Leaks.openConnection(torsion.reactor) }
        "unhandledFailure" { Leaks.unhandledFailure() }
        "waitingCoroutine" { Leaks.waitingCoroutine(torsion.reactor) }
        "waitingInline" { Leaks.waitingInline() }
        "endlessShutdown" { Leaks.endlessShutdown(torsion.reactor) }
        "pausedFailure" { Leaks.pausedFailure() }
        "unseenFuture" { Leaks.unseenFuture(torsion.reactor) }
        "loggedError" { Leaks.loggedError() }
        "nothing" { Leaks.nothing(torsion.reactor, torsion.logs) }
        "failed" {
            Leaks.pendingCall(torsion.reactor)
            throw ArithmeticException("the test's own")
        }
        "clock" { torsion.clock.callLater(1.seconds) {} }
    })
