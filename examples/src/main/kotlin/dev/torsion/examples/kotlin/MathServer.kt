// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.amp.AMP
import dev.torsion.amp.Responders
import dev.torsion.amp.valuesOf
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import java.math.BigInteger

/** Its answers. */
fun mathResponders(): Responders = Responders
    .builder()
    .on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }
    .on(Divide) {
        if (it[Divide.denominator] == BigInteger.ZERO) throw ArithmeticException("division by zero")
        valuesOf(Divide.result(it[Divide.numerator].toDouble() / it[Divide.denominator].toDouble()))
    }.build()

/** Answers the commands [Sum] and [Divide]. */
fun mathFactory(): Factory = mathResponders().let { responders -> Factory { AMP(responders) } }

fun main() {
    val reactor = Reactor.create()
    reactor.listenTcp(8900, mathFactory())
    reactor.run()
}
