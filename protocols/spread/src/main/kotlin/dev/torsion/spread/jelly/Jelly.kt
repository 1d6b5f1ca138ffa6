// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.banana.UnsendableValueException

/**
 * Makes [elements][BananaElement] of values, and values of elements; Twisted's `jelly` and `unjelly`, with the same form on the wire.
 *
 * | Value | comes back as | in Python |
 * |---|---|---|
 * | null, `Boolean` | the same | `None`, `bool` |
 * | `Byte` to `Long`, `BigInteger` | `Long`, or `BigInteger` when it is larger | `int` |
 * | `Float`, `Double` | `Double` | `float` |
 * | `String`, `Char` | `String` | `str` |
 * | `byte[]`, [Bytes][dev.torsion.spread.banana.Bytes] | `Bytes` | `bytes` |
 * | `BigDecimal` | the same | `Decimal` |
 * | `LocalDateTime`, `LocalDate`, `LocalTime`, `Duration` | the same, to the microsecond | `datetime`, `date`, `time`, `timedelta` |
 * | a `List`, another `Collection`, an array of objects | `ArrayList` | `list` |
 * | [Tuple], Kotlin's `Pair` and `Triple` | `Tuple` | `tuple` |
 * | a `Set`, [FrozenSet] | `LinkedHashSet`, `FrozenSet` | `set`, `frozenset` |
 * | a `Map` | `LinkedHashMap` | `dict` |
 * | a [Copyable], and what the registry copies | what the registry says | a `Copyable` |
 *
 * A collection may stand in a value twice, and may hold itself. The value that comes back has the same form. So a peer can send a
 * collection that holds itself: `toString` and `hashCode` of Java's collections never return for such a value.
 *
 * Immutable; thread: any.
 *
 * @param types the types that may come, and the objects that are made of them
 * @param limits of one value
 */
public class Jelly
@JvmOverloads
constructor(
    private val types: TypeRegistry = TypeRegistry.EMPTY,
    private val limits: BananaLimits = BananaLimits.DEFAULT,
) {
    /** The element for [value]. @throws UnsendableValueException when it has none, or is over the limits */
    public fun jelly(value: Any?): BananaElement = Jellier(types, limits, null).run(value)

    /**
     * The value of [element].
     *
     * @throws InsecureJellyException for a type that is not registered
     * @throws ProtocolViolationException when the element means nothing, or is over the limits; never anything else, whatever it is
     */
    public fun unjelly(element: BananaElement): Any? = Unjellier(types, limits, null).run(element)
}

/** Knows the objects that Jelly itself does not: those of Perspective Broker, which mean something on one connection. */
internal interface ObjectJelly {
    /** The perspective that the values go to or come from, or null. */
    val perspective: Any?

    /** The element for [value], or null when it is none of these objects. */
    fun jelly(value: Any, jellier: Jellier): BananaElement? = null

    /** The object for the list [list], whose first element is [tag]; [NONE] when that is no tag of these objects. */
    fun unjelly(
        tag: dev.torsion.spread.banana.Bytes,
        list: dev.torsion.spread.banana.BananaList,
        unjellier: Unjellier,
        register: (Any) -> Unit,
    ): Any? = NONE

    companion object {
        val NONE = Any()
    }
}
