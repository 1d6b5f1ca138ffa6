// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.log.escapedThrowable
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaFloat
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.escaped

/**
 * Makes the value of one element.
 *
 * Besides the size of the element, the size of the value as if nothing in it were shared is limited too: a few hundred bytes can say
 * "twice the one before" so often that nobody could ever compare or print what they stand for.
 */
internal class Unjellier(private val types: TypeRegistry, private val limits: BananaLimits, private val objects: ObjectJelly?) {
    private class Known(val value: Any?) {
        var weight = 1L
        var bytes = 0L
    }

    private val references = HashMap<Long, Known>()
    private val unfinished = HashSet<Long>()
    private val copies = ArrayList<RemoteCopy>()
    private var depth = 0

    /** How large the value is that was made last: its elements, and the bytes of its strings, as if nothing in it were shared. */
    private var weight = 0L
    private var bytes = 0L

    /** About how much memory the value takes that was made: each part of it once, with what an object holds that was made of it. */
    var size = 0L
        private set

    fun run(element: BananaElement): Any? {
        val value = unjelly(element)
        for (copy in copies) guarded("postUnjelly of ${copy.javaClass.name}") { copy.postUnjelly() }
        return value
    }

    /** The value of [element], which is a part of the value. */
    fun unjelly(element: BananaElement): Any? = value(element, null)

    /** Has [copy] hear when all is there. */
    fun finishLater(copy: RemoteCopy) {
        copies.add(copy)
    }

    /** Users' code on a peer's data: its mistakes are the data's. */
    inline fun <T> guarded(what: String, call: () -> T): T = try {
        call()
    } catch (e: ProtocolViolationException) {
        throw e
    } catch (e: Exception) {
        throw ProtocolViolationException("$what does not take what the peer has sent.", escapedThrowable(e))
    } catch (e: StackOverflowError) {
        throw ProtocolViolationException("$what does not take what the peer has sent.", e)
    }

    private fun value(element: BananaElement, number: Long?): Any? {
        weight = 1
        bytes = 0
        size += PART
        return when (element) {
            is BananaInteger -> element.toNumber()
            is BananaFloat -> element.value
            is Bytes -> element.also { sized(it) }
            is BananaList -> {
                if (++depth > limits.maxDepth) violated("A value is deeper than the ${limits.maxDepth} that are allowed.")
                val value = typed(element, number)
                depth--
                value
            }
        }
    }

    private fun sized(string: Bytes) {
        bytes = string.size.toLong()
        size += bytes
    }

    private fun typed(list: BananaList, number: Long?): Any? {
        val tag = list.elements.firstOrNull() as? Bytes ?: violated("A value begins with no type.")
        types.maker(tag)?.let { return registered(it, tag, list, number) }
        return when (tag) {
            Tags.UNICODE -> text(list)
            Tags.NONE -> exactly(list, 0) { null }
            Tags.BOOLEAN -> boolean(list)
            Tags.LIST -> ArrayList<Any?>().also { register(number, it) }.also { fill(it, list) }
            Tags.TUPLE -> tuple(list, number)
            Tags.DICTIONARY -> LinkedHashMap<Any?, Any?>().also { register(number, it) }.also { fill(it, list) }
            Tags.SET -> set(list)
            Tags.FROZENSET -> FrozenSet(set(list), Unit)
            Tags.REFERENCE -> reference(list)
            Tags.DEREFERENCE -> dereference(list)
            Tags.DATETIME, Tags.DATE, Tags.TIME, Tags.TIMEDELTA, Tags.DECIMAL -> Temporal.of(tag, list)
            Tags.UNPERSISTABLE -> exactly(list, 1) { Unpersistable((list[1] as? Bytes)?.let { escaped(it, REASON) } ?: "no reason") }
            Tags.PERSISTENT -> Unpersistable("Persistent callback not found")
            else -> {
                val value = objects?.unjelly(tag, list, this) { register(number, it) } ?: ObjectJelly.NONE
                if (value === ObjectJelly.NONE) throw InsecureJellyException("Type \"${escaped(tag)}\" is not registered, and so refused.")
                value
            }
        }
    }

    private fun text(list: BananaList): String {
        val utf8 = exactly(list, 1) { list[1] as? Bytes } ?: violated("Text is no string of bytes.")
        sized(utf8)
        return try {
            utf8.strictUtf8()
        } catch (e: java.nio.charset.CharacterCodingException) {
            throw ProtocolViolationException("Text is no valid UTF-8.", e)
        }
    }

    private fun boolean(list: BananaList): Boolean = when (exactly(list, 1) { list[1] }) {
        Tags.TRUE -> true
        Tags.FALSE -> false
        else -> violated("A boolean is neither true nor false.")
    }

    private fun fill(target: ArrayList<Any?>, list: BananaList) {
        val sum = Sum()
        for (i in 1 until list.size) {
            target.add(unjelly(list[i]))
            sum.add()
        }
        sum.end()
    }

    private fun tuple(list: BananaList, number: Long?): Tuple {
        val tuple = Tuple(arrayOfNulls(list.size - 1), complete = false)
        register(number, tuple)
        val sum = Sum()
        for (i in 1 until list.size) {
            tuple.set(i - 1, unjelly(list[i]))
            sum.add()
        }
        tuple.finish()
        sum.end()
        return tuple
    }

    private fun fill(target: MutableMap<Any?, Any?>, list: BananaList) {
        val sum = Sum()
        val guard = KeyGuard()
        for (i in 1 until list.size) {
            val pair = list[i] as? BananaList
            if (pair == null || pair.size != 2) violated("An entry of a dictionary is no pair.")
            val key = unjelly(pair[0])
            sum.add()
            guard.check(key)
            val value = unjelly(pair[1])
            sum.add()
            guarded("hashCode or equals of a key") { target[key] = value }
        }
        sum.end()
    }

    private fun set(list: BananaList): MutableSet<Any?> {
        val target = LinkedHashSet<Any?>()
        val sum = Sum()
        val guard = KeyGuard()
        for (i in 1 until list.size) {
            val value = unjelly(list[i])
            sum.add()
            guard.check(value)
            guarded("hashCode or equals of an element") { target.add(value) }
        }
        sum.end()
        return target
    }

    /** The size of a collection that is being filled. */
    private inner class Sum {
        private var elements = 1L
        private var length = 0L

        /** The value that was made last is in it. */
        fun add() {
            elements += weight
            length += bytes
            if (elements > limits.maxElements) violated("A value stands for more than the ${limits.maxElements} elements that are allowed.")
            if (length > limits.maxBytes) violated("A value stands for more than the ${limits.maxBytes} bytes that are allowed.")
        }

        fun end() {
            weight = elements
            bytes = length
        }
    }

    private fun registered(maker: TypeRegistry.Maker, tag: Bytes, list: BananaList, number: Long?): Any? {
        if (list.size == 3 && objects != null && maker is TypeRegistry.Instance) {
            val value = objects.unjelly(tag, list, this) { register(number, it) }
            if (value !== ObjectJelly.NONE) return value
        }
        if (list.size != 2) violated("A copy of type \"${escaped(tag)}\" is no type and state.")
        val what = "Type \"${escaped(tag)}\""
        return when (maker) {
            is TypeRegistry.FromState -> {
                val state = unjelly(list[1])
                guarded(what) { maker.make.apply(state) }
            }
            is TypeRegistry.Instance -> {
                val copy = guarded(what) { maker.make.get() }
                register(number, copy)
                val state = unjelly(list[1])
                guarded(what) { copy.setCopyableState(state) }
                finishLater(copy)
                copy
            }
        }
    }

    private fun reference(list: BananaList): Any? {
        val number = exactly(list, 2) { numberIn(list) }
        if (number in references || !unfinished.add(number)) violated("Two references have the number $number.")
        val value = value(list[2], number)
        unfinished.remove(number)
        val known = references.getOrPut(number) { Known(value) }
        known.weight = weight
        known.bytes = bytes
        return value
    }

    private fun dereference(list: BananaList): Any? {
        val number = exactly(list, 1) { numberIn(list) }
        val known = references[number]
            ?: violated(
                if (number in unfinished) "A value that cannot hold itself does so." else "There is no reference of the number $number.",
            )
        if (number !in unfinished) {
            weight = known.weight
            bytes = known.bytes
        }
        return known.value
    }

    private fun register(number: Long?, value: Any) {
        if (number != null) references[number] = Known(value)
    }

    private fun numberIn(list: BananaList): Long {
        val number = list[1] as? BananaInteger
        if (number == null || !number.isLong) violated("A reference has no number.")
        return number.toLong()
    }

    private inline fun <T> exactly(list: BananaList, arguments: Int, then: () -> T): T {
        if (list.size != arguments + 1) {
            violated("A value of type \"${escaped(list[0] as Bytes)}\" has ${list.size - 1} parts in place of $arguments.")
        }
        return then()
    }

    private fun violated(message: String): Nothing = throw ProtocolViolationException(message)

    /** Asks each key of one set or dictionary whether it may be one. A peer chooses most hashes. */
    private inner class KeyGuard {
        private var unordered = 0
        private var kind: Class<*>? = null
        private var counts: HashMap<Int, Int>? = null
        private var comparisons = 0L

        fun check(key: Any?) {
            if (!mayBeKey(key)) violated("A key, or an element of a set, is a value that may change.")
            if (key == null) return
            if (!isOrdered(key) && ++unordered > MOST_UNORDERED) {
                violated("There are more than $MOST_UNORDERED keys of a kind whose hashes a peer may choose.")
            }
            if (kind == null) kind = key.javaClass
            if (kind !== key.javaClass || !isOrdered(key)) counts = counts ?: HashMap()
            counts?.let { count(key, it) }
        }

        /** Java's own maps look at all keys of one hash, unless these can be ordered; and those of two kinds cannot. */
        private fun count(key: Any, counts: HashMap<Int, Int>) {
            val equal = counts.merge(guarded("hashCode of a key") { key.hashCode() }, 1, Int::plus)!!
            comparisons += equal * weight
            if (equal > MOST_EQUAL || comparisons > COMPARISONS) violated("Too many keys have equal hashes.")
        }

        /** The hash of a tuple is not to be foreseen. */
        private fun isOrdered(key: Any) = when (key) {
            is Boolean, is Tuple, is Bytes, is String, is Number -> true
            is java.time.Duration, is java.time.LocalTime, is java.time.LocalDate -> true
            else -> false
        }
    }

    private companion object {
        const val PART = 32
        const val REASON = 200
        const val MOST_UNORDERED = 1024
        const val MOST_EQUAL = 128
        const val COMPARISONS = 4_000_000L
    }
}
