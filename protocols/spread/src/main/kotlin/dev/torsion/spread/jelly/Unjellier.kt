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
    }

    private val references = HashMap<Long, Known>()
    private val unfinished = HashSet<Long>()
    private val copies = ArrayList<RemoteCopy>()
    private var depth = 0

    /** How large the value is that was made last. */
    private var weight = 0L

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
        return when (element) {
            is BananaInteger -> element.toNumber()
            is BananaFloat -> element.value
            is Bytes -> element
            is BananaList -> {
                if (++depth > limits.maxDepth) violated("A value is deeper than the ${limits.maxDepth} that are allowed.")
                val value = typed(element, number)
                depth--
                value
            }
        }
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
        val bytes = exactly(list, 1) { list[1] as? Bytes } ?: violated("Text is no string of bytes.")
        return try {
            bytes.strictUtf8()
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
        var sum = 1L
        for (i in 1 until list.size) {
            target.add(unjelly(list[i]))
            sum = added(sum)
        }
        weight = sum
    }

    private fun tuple(list: BananaList, number: Long?): Tuple {
        val tuple = Tuple(arrayOfNulls(list.size - 1), complete = false)
        register(number, tuple)
        var sum = 1L
        for (i in 1 until list.size) {
            tuple.set(i - 1, unjelly(list[i]))
            sum = added(sum)
        }
        tuple.finish()
        weight = sum
        return tuple
    }

    private fun fill(target: MutableMap<Any?, Any?>, list: BananaList) {
        var sum = 1L
        val guard = KeyGuard()
        for (i in 1 until list.size) {
            val pair = list[i] as? BananaList
            if (pair == null || pair.size != 2) violated("An entry of a dictionary is no pair.")
            val key = unjelly(pair[0])
            sum = added(sum)
            guard.check(key)
            val value = unjelly(pair[1])
            sum = added(sum)
            guarded("hashCode or equals of a key") { target[key] = value }
        }
        weight = sum
    }

    private fun set(list: BananaList): MutableSet<Any?> {
        val target = LinkedHashSet<Any?>()
        var sum = 1L
        val guard = KeyGuard()
        for (i in 1 until list.size) {
            val value = unjelly(list[i])
            sum = added(sum)
            guard.check(value)
            guarded("hashCode or equals of an element") { target.add(value) }
        }
        weight = sum
        return target
    }

    private fun added(sum: Long): Long {
        val larger = sum + weight
        if (larger > limits.maxElements) violated("A value stands for more than the ${limits.maxElements} elements that are allowed.")
        return larger
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
        references.getOrPut(number) { Known(value) }.weight = weight
        return value
    }

    private fun dereference(list: BananaList): Any? {
        val number = exactly(list, 1) { numberIn(list) }
        val known = references[number]
            ?: violated(
                if (number in unfinished) "A value that cannot hold itself does so." else "There is no reference of the number $number.",
            )
        weight = if (number in unfinished) 1 else known.weight
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

    /** Asks each key of one set or dictionary whether it may be one. */
    private inner class KeyGuard {
        private var foreseeable = 0

        fun check(key: Any?) {
            if (!mayBeKey(key)) violated("A key, or an element of a set, is a value that may change.")
            if (isForeseeable(key) && ++foreseeable > MOST_FORESEEABLE) {
                violated("There are more than $MOST_FORESEEABLE keys of a kind whose hashes a peer may choose.")
            }
        }

        /** Java's own maps cope with keys of equal hashes when they can be ordered; the hash of a tuple is not to be foreseen. */
        private fun isForeseeable(key: Any?) = when (key) {
            null, is Boolean, is Tuple, is Bytes, is String, is Number, is java.time.Duration, is java.time.LocalTime -> false
            is java.time.LocalDate -> false
            else -> true
        }
    }

    private companion object {
        const val REASON = 200
        const val MOST_FORESEEABLE = 1024
    }
}
