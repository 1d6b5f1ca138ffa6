// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaFloat
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import java.math.BigDecimal
import java.math.BigInteger
import java.time.Duration
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.util.IdentityHashMap

/** Makes the element of one value. */
internal class Jellier(private val types: TypeRegistry, private val limits: BananaLimits, private val objects: ObjectJelly?) {
    /** The list of each object that may stand in the value more than once, and the number that it has when it does. */
    private class Seen(val items: ArrayList<BananaElement>) {
        var number = 0L
    }

    private val seen = IdentityHashMap<Any, Seen>()
    private var references = 0L
    private var depth = 0
    private var count = 0

    fun run(value: Any?): BananaElement {
        val element = jelly(value)
        if (references > 0) for (place in seen.values) if (place.number > 0) wrap(place)
        return element
    }

    /** Only now is it known who is referred to: such a list becomes `[reference, number, the list]` where it stands. */
    private fun wrap(place: Seen) {
        val inner = BananaList.owning(ArrayList(place.items))
        place.items.clear()
        place.items.add(Tags.REFERENCE)
        place.items.add(BananaInteger.of(place.number))
        place.items.add(inner)
    }

    fun jelly(value: Any?): BananaElement {
        if (++count > limits.maxElements) refuse("it has more than the ${limits.maxElements} elements that are allowed")
        return when (value) {
            null -> list(Tags.NONE)
            is String -> text(value)
            is Long -> BananaInteger.of(value)
            is Int, is Short, is Byte -> BananaInteger.of((value as Number).toLong())
            is Boolean -> list(Tags.BOOLEAN, if (value) Tags.TRUE else Tags.FALSE)
            is Double -> BananaFloat(value)
            is Float -> BananaFloat(value.toDouble())
            is Bytes -> value
            is ByteArray -> Bytes.of(value)
            is BigInteger -> BananaInteger.of(value)
            is BigDecimal -> decimal(value)
            is Char -> text(value.toString())
            is LocalDateTime -> list(Tags.DATETIME, numbers(*ymd(value.toLocalDate()), *hms(value.toLocalTime())))
            is LocalDate -> list(Tags.DATE, numbers(*ymd(value)))
            is LocalTime -> list(Tags.TIME, numbers(*hms(value)))
            is Duration -> timedelta(value)
            else -> objects?.jelly(value, this) ?: shared(value)
        }
    }

    private fun shared(value: Any): BananaElement {
        dereference(value)?.let { return it }
        return when (value) {
            is Copyable -> copy(value, value.typeToCopyFor(objects?.perspective)) { value.stateToCopyFor(objects?.perspective) }
            is Map<*, *> -> container(value, Tags.DICTIONARY) { items ->
                for ((k, v) in value) items.add(BananaList.owning(arrayListOf(jelly(k), jelly(v))))
            }
            is FrozenSet<*> -> container(value, Tags.FROZENSET) { items -> value.mapTo(items, ::jelly) }
            is Set<*> -> container(value, Tags.SET) { items -> value.mapTo(items, ::jelly) }
            is Collection<*> -> container(value, Tags.LIST) { items -> value.mapTo(items, ::jelly) }
            is Array<*> -> container(value, Tags.LIST) { items -> value.mapTo(items, ::jelly) }
            is Tuple -> container(value, Tags.TUPLE) { items -> value.mapTo(items, ::jelly) }
            is Pair<*, *> -> container(value, Tags.TUPLE) { items -> value.toList().mapTo(items, ::jelly) }
            is Triple<*, *, *> -> container(value, Tags.TUPLE) { items -> value.toList().mapTo(items, ::jelly) }
            else -> registered(value)
        }
    }

    private fun registered(value: Any): BananaElement {
        val copier = types.copier(value.javaClass)
            ?: refuse("it has an object of ${value.javaClass.name}, which is neither a Copyable, nor Referenceable, nor registered")
        @Suppress("UNCHECKED_CAST")
        return copy(value, copier.type) { (copier as TypeRegistry.Copier<Any>).state.apply(value) }
    }

    /** `[dereference, n]` when [value] has been met before. */
    fun dereference(value: Any): BananaElement? {
        val place = seen[value] ?: return null
        if (place.number == 0L) place.number = ++references
        return list(Tags.DEREFERENCE, BananaInteger.of(place.number))
    }

    /** The form of a copy: its type, what [between] them is, its state. */
    fun copy(value: Any, type: String, between: BananaElement? = null, state: () -> Any?): BananaElement =
        container(value, Bytes.utf8(type)) { items ->
            if (between != null) items.add(between)
            items.add(jelly(state()))
        }

    private inline fun container(value: Any, tag: Bytes, fill: (ArrayList<BananaElement>) -> Unit): BananaElement {
        if (++depth > limits.maxDepth) refuse("it is deeper than the ${limits.maxDepth} that are allowed")
        val items = ArrayList<BananaElement>()
        seen[value] = Seen(items)
        items.add(tag)
        fill(items)
        depth--
        return BananaList.owning(items)
    }

    private fun text(value: String): BananaElement = try {
        list(Tags.UNICODE, Bytes.utf8(value))
    } catch (e: IllegalArgumentException) {
        throw UnsendableValueException("The value cannot be sent: it has text with half of a surrogate pair.", e)
    }

    private fun decimal(value: BigDecimal) =
        list(Tags.DECIMAL, BananaInteger.of(value.unscaledValue()), BananaInteger.of(-value.scale().toLong()))

    private fun timedelta(value: Duration): BananaElement {
        val days = Math.floorDiv(value.seconds, SECONDS_OF_DAY)
        if (days !in -MOST_DAYS..MOST_DAYS) refuse("it has a duration of $days days, and Python knows $MOST_DAYS")
        return list(Tags.TIMEDELTA, numbers(days, Math.floorMod(value.seconds, SECONDS_OF_DAY), value.nano / NANOS_OF_MICRO))
    }

    private fun ymd(date: LocalDate): LongArray {
        if (date.year !in 1..MOST_YEAR) refuse("it has the year ${date.year}, and Python knows 1 to $MOST_YEAR")
        return longArrayOf(date.year.toLong(), date.monthValue.toLong(), date.dayOfMonth.toLong())
    }

    private fun hms(time: LocalTime) =
        longArrayOf(time.hour.toLong(), time.minute.toLong(), time.second.toLong(), time.nano / NANOS_OF_MICRO)

    private fun numbers(vararg numbers: Long) = Bytes.utf8(numbers.joinToString(" "))

    private fun refuse(why: String): Nothing = throw UnsendableValueException("The value cannot be sent: $why.")

    companion object {
        const val SECONDS_OF_DAY = 86_400L
        const val NANOS_OF_MICRO = 1_000L
        const val MOST_DAYS = 999_999_999L
        const val MOST_YEAR = 9_999

        fun list(vararg elements: BananaElement): BananaList = BananaList.of(*elements)
    }
}
