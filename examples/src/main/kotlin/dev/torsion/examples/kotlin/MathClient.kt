// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.amp.AMP
import dev.torsion.amp.connectAMP
import dev.torsion.defer.Deferred
import dev.torsion.endpoint.clientFromString
import dev.torsion.examples.Output
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** Asks [mathFactory], in coroutines. */
suspend fun askMath(reactor: Reactor, endpoint: String, out: Output) {
    reactor.connectAMP(endpoint).use { amp ->
        val sum = amp.ask(Sum, Sum.a(13.toBigInteger()), Sum.b(81.toBigInteger()))
        out.println("13 + 81 = ${sum[Sum.total]}")
        for (denominator in listOf(4, 0)) {
            try {
                val answer = amp.ask(Divide, Divide.numerator(1.toBigInteger()), Divide.denominator(denominator.toBigInteger()))
                out.println("1 / $denominator = ${answer[Divide.result]}")
            } catch (e: ArithmeticException) {
                out.println("1 / $denominator: ${e.message}")
            }
        }
    }
}

/** The same with Deferreds, as in Twisted. */
fun askMathByCallbacks(reactor: Reactor, endpoint: String, out: Output): Deferred<Unit> = AMP
    .open(clientFromString(reactor, endpoint))
    .addAsyncCallback { amp ->
        amp
            .callRemote(Sum, Sum.a(13.toBigInteger()), Sum.b(81.toBigInteger()))
            .addCallback { out.println("13 + 81 = ${it[Sum.total]}") }
            .addAsyncCallback { divide(amp, 4, out) }
            .addAsyncCallback { divide(amp, 0, out) }
            .addBoth { outcome -> outcome.also { amp.close() }.get() }
    }

private fun divide(amp: AMP, denominator: Int, out: Output): Deferred<Unit> = amp
    .callRemote(Divide, Divide.numerator(1.toBigInteger()), Divide.denominator(denominator.toBigInteger()))
    .addCallbacks(
        { out.println("1 / $denominator = ${it[Divide.result]}") },
        { failure ->
            failure.trap(ArithmeticException::class.java)
            out.println("1 / $denominator: ${failure.errorMessage}")
        },
    )

fun main() {
    exitProcess(react { reactor -> askMath(reactor, "tcp:localhost:8900", Output.CONSOLE) })
}
