// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.log.Logger
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.kotest.TorsionExtension
import io.kotest.core.spec.style.StringSpec
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
    }
}

/** Run by [dev.torsion.testkit.ExtensionsTest] only: most of its tests fail. */
class LeakyKotestFixture :
    StringSpec({
        val torsion = extension(TorsionExtension())

        "pendingCall" { Leaks.pendingCall(torsion.reactor) }
        "openPort" { Leaks.openPort(MemoryReactor()) }
        "openConnection" { Leaks.openConnection(torsion.reactor) }
        "unhandledFailure" { Leaks.unhandledFailure() }
        "loggedError" { Leaks.loggedError() }
        "nothing" { Leaks.nothing(torsion.reactor, torsion.logs) }
        "failed" {
            Leaks.pendingCall(torsion.reactor)
            throw ArithmeticException("the test's own")
        }
        "clock" { torsion.clock.callLater(1.seconds) {} }
    })
