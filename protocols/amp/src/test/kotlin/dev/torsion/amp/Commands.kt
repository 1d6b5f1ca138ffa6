// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/** The commands of the tests; src/test/python/amp_commands.py has the same. */
internal object Sum : Command("Sum") {
    val a = argument("a", AmpTypes.INTEGER)
    val b = argument("b", AmpTypes.INTEGER)
    val total = response("total", AmpTypes.INTEGER)
}

internal object Divide : Command("Divide") {
    val numerator = argument("numerator", AmpTypes.LONG)
    val denominator = argument("denominator", AmpTypes.LONG)
    val result = response("result", AmpTypes.FLOAT)

    init {
        error("ZERO_DIVISION", ArithmeticException::class.java, ::ArithmeticException)
    }
}

internal object Row : Arguments() {
    val id = argument("id", AmpTypes.INTEGER)
    val name = argument("name", AmpTypes.UNICODE)
    val flag = optionalArgument("flag", AmpTypes.BOOLEAN)
    val more = argument("more", AmpTypes.listOf(AmpTypes.INTEGER))
}

internal object Echo : Command("Echo") {
    val integer = argument("integer", AmpTypes.INTEGER)
    val bytes = argument("bytes", AmpTypes.BYTES)
    val unicode = argument("unicode", AmpTypes.UNICODE)
    val float = argument("float", AmpTypes.FLOAT)
    val boolean = argument("boolean", AmpTypes.BOOLEAN)
    val path = argument("path", AmpTypes.PATH)
    val decimal = argument("decimal", AmpTypes.DECIMAL)
    val datetime = argument("datetime", AmpTypes.DATE_TIME)
    val integers = argument("integers", AmpTypes.listOf(AmpTypes.LONG))
    val rows = argument("rows", AmpTypes.ampList(Row))
    val leftOut = optionalArgument("left-out", AmpTypes.UNICODE)

    val integerBack = response("integer", AmpTypes.INTEGER)
    val bytesBack = response("bytes", AmpTypes.BYTES)
    val unicodeBack = response("unicode", AmpTypes.UNICODE)
    val floatBack = response("float", AmpTypes.FLOAT)
    val booleanBack = response("boolean", AmpTypes.BOOLEAN)
    val pathBack = response("path", AmpTypes.PATH)
    val decimalBack = response("decimal", AmpTypes.DECIMAL)
    val datetimeBack = response("datetime", AmpTypes.DATE_TIME)
    val integersBack = response("integers", AmpTypes.listOf(AmpTypes.LONG))
    val rowsBack = response("rows", AmpTypes.ampList(Row))
    val leftOutBack = optionalResponse("left-out", AmpTypes.UNICODE)

    fun back(request: AmpRequest) = valuesOf(
        integerBack(request[integer]), bytesBack(request[bytes]), unicodeBack(request[unicode]), floatBack(request[float]),
        booleanBack(request[boolean]), pathBack(request[path]), decimalBack(request[decimal]), datetimeBack(request[datetime]),
        integersBack(request[integers]), rowsBack(request[rows]), leftOutBack(request[leftOut]),
    )
}

internal object NoAnswer : Command("NoAnswer", requiresAnswer = false) {
    val by = argument("by", AmpTypes.INT)
}

internal object Count : Command("Count") {
    val count = response("count", AmpTypes.INT)
}

internal object Explode : Command("Explode")

internal object ExplodeWithoutAnswer : Command("Explode", requiresAnswer = false)

internal class ForGood(message: String) : Exception(message)

internal object Fatal : Command("Fatal") {
    init {
        fatalError("FOR_GOOD", ForGood::class.java, ::ForGood)
    }
}

/** The other side's response has text in it. */
internal object Wrong : Command("Wrong") {
    val number = response("number", AmpTypes.LONG)
}

internal object Unsendable : Command("Unsendable") {
    val number = response("number", AmpTypes.UNICODE)
}

internal object Ask : Command("Ask") {
    val number = argument("number", AmpTypes.LONG)
    val answer = response("answer", AmpTypes.INTEGER)
}

internal object Hang : Command("Hang")

internal object Lose : Command("Lose")

internal object Nothings : Command("Nothing")

internal object NotThere : Command("NotThere")

internal object NotThereAndNoAnswer : Command("NotThereAndNoAnswer", requiresAnswer = false)

internal object ShoutSwitch : ProtocolSwitchCommand("ShoutSwitch") {
    val greeting = argument("greeting", AmpTypes.UNICODE)

    init {
        error("ZERO_DIVISION", ArithmeticException::class.java, ::ArithmeticException)
    }
}
