// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.amp.AmpTypes
import dev.torsion.amp.Command

/** Adds two numbers. */
object Sum : Command("Sum") {
    val a = argument("a", AmpTypes.INTEGER)
    val b = argument("b", AmpTypes.INTEGER)
    val total = response("total", AmpTypes.INTEGER)
}

/** Divides one number by another. */
object Divide : Command("Divide") {
    val numerator = argument("numerator", AmpTypes.INTEGER)
    val denominator = argument("denominator", AmpTypes.INTEGER)
    val result = response("result", AmpTypes.FLOAT)

    init {
        error("ZERO_DIVISION", ArithmeticException::class.java, ::ArithmeticException)
    }
}
