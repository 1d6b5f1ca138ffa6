// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaDecoder
import dev.torsion.spread.banana.BananaDialect
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaEncoder
import dev.torsion.spread.banana.BananaFloat
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.banana.bytes
import dev.torsion.spread.banana.fuzzBytes
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.math.BigDecimal
import java.nio.ByteBuffer
import java.time.Duration
import java.time.LocalDate
import java.util.Random
import java.util.function.Function
import java.util.function.Supplier

/** Jelly beyond the vectors: registered types, sharing, refusals, limits, and trees that mean nothing. */
class JellySpec :
    FunSpec({
        test("Java's numbers, text, pairs and arrays are sent as what Python has for them") {
            hex(Tuple.of(null, true, false)) shouldBe
                "04800b870180018702800782626f6f6c65616e04827472756502800782626f6f6c65616e058266616c7365"
            hex(Tuple.of(listOf(1, listOf(2, 3)), emptyList<Any>())) shouldBe "03800b87038008870181038008870281038101800887"
            val one = listOf(1)
            hex(Tuple.of(one, one)) shouldBe "03800b87038004870181028008870181028003870181"
            hex(1 to 2L) shouldBe hex(Tuple.of(1, 2))
            hex(Triple(1.toByte(), 2.toShort(), 3f)) shouldBe hex(Tuple.of(1, 2, 3.0))
            hex(arrayOf<Any>("a", 'b')) shouldBe hex(listOf("a", "b"))
            hex("a".toByteArray()) shouldBe hex(Bytes.utf8("a"))
        }

        test("what Python does not know is refused, and says why") {
            unsendable(Any()) shouldContain "java.lang.Object"
            unsendable("\uD800") shouldContain "surrogate"
            unsendable(LocalDate.of(10_000, 1, 1)) shouldContain "10000"
            unsendable(Duration.ofDays(1_000_000_000)) shouldContain "1000000000 days"
            unsendable(generateSequence<Any>(1) { listOf(it) }.elementAt(300)) shouldContain "deeper"
        }

        test("a copyable goes out by its type and state, and comes in by the registry") {
            val types = TypeRegistry.builder().remoteCopy("ponds.Pond", Supplier { RemotePond() }).build()
            val sent = Jelly().jelly(Pond(3))
            (sent as BananaList)[0] shouldBe Bytes.utf8("ponds.Pond")
            (Jelly(types).unjelly(sent) as RemotePond).frogs shouldBe 3L
            shouldThrow<InsecureJellyException> { Jelly().unjelly(sent) }.message shouldContain "ponds.Pond"
        }

        test("a record is copied by its components, and a class by functions that are given for it") {
            val types =
                TypeRegistry
                    .builder()
                    .record("shapes.Point", Point::class.java)
                    .copier(StringBuilder::class.java, "text.Builder") { it.toString() }
                    .remoteCopy("text.Builder", Function { state -> StringBuilder(state as String) })
                    .build()
            val jelly = Jelly(types)
            jelly.unjelly(jelly.jelly(Point(1, "two", listOf(3)))) shouldBe Point(1, "two", listOf(3))
            jelly.unjelly(jelly.jelly(StringBuilder("x"))).toString() shouldBe "x"
        }

        test("state that does not fit is the peer's violation, never another exception") {
            val types =
                TypeRegistry
                    .builder()
                    .record("shapes.Point", Point::class.java)
                    .remoteCopy("ponds.Pond", Supplier { RemotePond() })
                    .remoteCopy("bad.Thrower", Function { throw IllegalStateException("no") })
                    .remoteCopy("bad.Overflow", Function { overflow(1) })
                    .build()
            val jelly = Jelly(types)
            val plain = Jelly()
            for (type in listOf("shapes.Point", "ponds.Pond", "bad.Thrower", "bad.Overflow")) {
                val tooLarge = mapOf("x" to Long.MAX_VALUE, "name" to "", "list" to 1)
                for (state in listOf(1, mapOf("x" to "no", "name" to 2), mapOf(1 to 2), tooLarge)) {
                    val element = BananaList.of(Bytes.utf8(type), plain.jelly(state))
                    shouldThrow<ProtocolViolationException> { jelly.unjelly(element) }
                }
            }
        }

        test("code and classes are refused for good, and cannot be registered") {
            for (tag in listOf("class", "module", "function", "method", "instance")) {
                shouldThrow<InsecureJellyException> { Jelly().unjelly(BananaList.of(Bytes.utf8(tag), Bytes.utf8("java.lang.Runtime"))) }
                shouldThrow<IllegalArgumentException> { TypeRegistry.builder().remoteCopy(tag, Supplier { RemotePond() }) }
            }
            shouldThrow<InsecureJellyException> { Jelly().unjelly(BananaList.of(Bytes.utf8("java.lang.Runtime"), BananaInteger.of(1))) }
            for (tag in listOf("remote", "local", "cached", "lcache")) {
                shouldThrow<InsecureJellyException> { Jelly().unjelly(BananaList.of(Bytes.utf8(tag), BananaInteger.of(1))) }
            }
        }

        test("a copy may hold itself, and hears when all of it is there") {
            val types = TypeRegistry.builder().remoteCopy("ponds.Pond", Supplier { RemotePond() }).build()
            val state = hashMapOf<String, Any?>("frogs" to 1)
            val pond = Pond(1, state)
            state["self"] = pond
            val copy = Jelly(types).unjelly(Jelly().jelly(pond)) as RemotePond
            copy.state["self"] shouldBeSameInstanceAs copy
            copy.finished shouldBe true
        }

        test("a value that cannot hold itself, and references that lead nowhere, are violations") {
            val types = TypeRegistry.builder().record("shapes.Point", Point::class.java).build()
            val cyclic =
                sexp("reference", 1, sexp("shapes.Point", sexp("dictionary", BananaList.of(Bytes.utf8("x"), sexp("dereference", 1)))))
            shouldThrow<ProtocolViolationException> { Jelly(types).unjelly(cyclic) }.message shouldContain "hold itself"
            refused(sexp("dereference", 1)) shouldContain "no reference"
            refused(sexp("list", sexp("reference", 1, sexp("None")), sexp("reference", 1, sexp("None")))) shouldContain "Two references"
            refused(sexp("reference", 1, sexp("set", sexp("dereference", 1)))) shouldContain "hold itself"
            refused(sexp("reference", 1, sexp("tuple", sexp("set", sexp("dereference", 1))))) shouldContain "may change"
        }

        test("keys that may change are refused, and those of one kind of hash are limited") {
            refused(sexp("set", sexp("list"))) shouldContain "may change"
            refused(sexp("dictionary", BananaList.of(sexp("tuple", sexp("dictionary")), BananaInteger.of(1)))) shouldContain "may change"
            val dates = (0 until 1100).map { sexp("datetime", Bytes.utf8("2024 1 1 0 0 0 $it")) }
            refused(BananaList(listOf(Bytes.utf8("set")) + dates)) shouldContain "1024"
        }

        test("keys of several kinds and of one hash, and sets of one hash, are refused: each would be compared with all others") {
            fun equal(index: Int): List<BananaElement> {
                val long = (index + 1L shl 32) or ((index + 1L) xor 7)
                val high = 0x3ff00000L + index
                return listOf(BananaInteger.of(long), BananaFloat(Double.fromBits(high shl 32 or (high xor 7))))
            }
            val mixed = (0 until 200).flatMap(::equal)
            refused(BananaList(listOf(Bytes.utf8("set")) + mixed)) shouldContain "equal hashes"
            refused(BananaList(listOf(Bytes.utf8("dictionary")) + mixed.map { BananaList.of(it, BananaInteger.of(1)) })) shouldContain
                "equal hashes"
            refused(BananaList(listOf(Bytes.utf8("set")) + (0 until 200).map { sexp("frozenset", it, 1000 - it) })) shouldContain
                "equal hashes"
            val large = (0 until 100).map { number ->
                BananaList(listOf<BananaElement>(Bytes.utf8("frozenset")) + (1..5000 - number).map { BananaInteger.of(it.toLong()) })
            }
            Jelly().unjelly(BananaList(listOf(Bytes.utf8("set")) + large)).shouldBeInstanceOf<Set<*>>().size shouldBe 100
            val longs = (0 until 5000).map { equal(it).first() } // of one kind they are ordered
            Jelly().unjelly(BananaList(listOf(Bytes.utf8("set")) + longs)).shouldBeInstanceOf<Set<*>>().size shouldBe 5000
        }

        test("a long string that is shared counts each time") {
            for (long in listOf(Bytes.of(ByteArray(600_000)), sexp("unicode", Bytes.of(ByteArray(600_000) { 'a'.code.toByte() })))) {
                fun shared(times: Int): BananaList {
                    val rest = (1..times).map { sexp("tuple", sexp("dereference", 1)) }
                    return BananaList(listOf(Bytes.utf8("list"), sexp("reference", 1, long)) + rest)
                }
                refused(shared(100)) shouldContain "bytes"
                Jelly().unjelly(shared(20)).shouldBeInstanceOf<List<*>>().size shouldBe 21
                val twice = sexp("reference", 2, sexp("tuple", sexp("reference", 1, long), sexp("dereference", 1)))
                refused(BananaList(listOf(Bytes.utf8("list"), twice) + List(20) { sexp("dereference", 2) })) shouldContain "bytes"
            }
        }

        test("a frozen set is hashed once, however deep it stands in others") {
            var hashed = 0
            val element =
                object {
                    override fun hashCode() = 0.also { hashed++ }
                }
            val inner = FrozenSet(listOf(element))
            val before = hashed
            var outer: Any = inner
            repeat(50) { outer = FrozenSet(listOf(outer)) }
            outer.hashCode() shouldBe 0
            Tuple.of(outer).hashCode() shouldBe Tuple.of(outer).hashCode()
            hashed - before shouldBe 2 // for Java's maps, and for tuples
        }

        test("a few bytes that stand for millions of elements are refused") {
            val doubling =
                (2..60).fold(sexp("reference", 1, sexp("tuple", 1, 1))) { inner, number ->
                    sexp("reference", number, sexp("tuple", inner, sexp("dereference", number - 1)))
                }
            refused(doubling) shouldContain "stands for more"
        }

        test("malformed values of every type are violations") {
            listOf(
                sexp("unicode"), sexp("unicode", 1), sexp("unicode", Bytes.of(byteArrayOf(-1))), sexp("boolean", Bytes.utf8("maybe")),
                sexp("None", 1), sexp("dictionary", 1), sexp("dictionary", BananaList.of()), sexp("datetime", Bytes.utf8("2024 13 1")),
                sexp("date", Bytes.utf8("2024 1")), sexp("date", Bytes.utf8("0 1 1")), sexp("time", Bytes.utf8("1 2 3 1000000")),
                sexp("time", Bytes.utf8("x")), sexp("timedelta", Bytes.utf8("1 2")), sexp("decimal", 1, Bytes.utf8("F")),
                BananaList.of(sexp("decimal"), BananaInteger.of(1)), sexp("reference", 1), BananaList.of(),
                BananaList.of(Bytes.utf8("decimal"), BananaInteger.of(1), BananaInteger.of(Long.MIN_VALUE)),
            ).forEach { refused(it) }
            Jelly().unjelly(sexp("unpersistable", Bytes.utf8("why\n"))).shouldBeInstanceOf<Unpersistable>().reason shouldBe "why\\n"
            Jelly().unjelly(sexp("time", Bytes.utf8("1 2"))) shouldBe java.time.LocalTime.of(1, 2)
            Jelly().unjelly(sexp("decimal", 12, -1)) shouldBe BigDecimal("1.2")
        }

        test("conversion takes a number only where it fits") {
            Conversion.convert(5L, Int::class.javaPrimitiveType!!) shouldBe 5
            Conversion.convert(5L, Double::class.javaObjectType) shouldBe 5.0
            shouldThrow<IllegalArgumentException> { Conversion.convert(1L shl 40, Int::class.javaPrimitiveType!!) }
            shouldThrow<IllegalArgumentException> { Conversion.convert(null, Int::class.javaPrimitiveType!!) }
            val refused = shouldThrow<IllegalArgumentException> { Conversion.convert("x", Int::class.javaObjectType) }
            refused.message shouldBe "text came for java.lang.Integer"
            val strings = Point::class.java.recordComponents.single { it.name == "list" }.genericType
            Conversion.convert(arrayListOf<Any?>(1L, 2L), strings) shouldBe listOf(1, 2)
        }

        test("fuzz: any tree is a value or a violation, and the value can be sent again") {
            val random = Random(3)
            val limits = BananaLimits(maxElements = 2_000, maxDepth = 40)
            val ponds = TypeRegistry.builder().remoteCopy("ponds.Pond", Supplier { RemotePond() })
            val types = ponds.record("shapes.Point", Point::class.java).build()
            var values = 0
            repeat(30_000) {
                val tree = randomTree(random, 5)
                val outcome = runCatching { Jelly(types, limits).unjelly(tree) }
                outcome.exceptionOrNull()?.let { if (it !is ProtocolViolationException) throw AssertionError("$tree", it) }
                if (outcome.isSuccess) values++
            }
            values shouldBeGreaterThan 1_000
        }

        test("fuzz: Twisted's own bytes with some changed") {
            val random = Random(4)
            for ((_, pb) in vectors()) {
                repeat(6) {
                    val changed = bytes(pb)
                    repeat(1 + random.nextInt(3)) { changed[random.nextInt(changed.size)] = random.nextInt(256).toByte() }
                    valueOrViolation(changed)
                }
            }
            repeat(20_000) { valueOrViolation(fuzzBytes(random)) }
        }

        test("a registry can be built upon, and a type is registered once") {
            val first = TypeRegistry.builder().remoteCopy("a.A", Supplier { RemotePond() }).build()
            val twice = shouldThrow<IllegalArgumentException> { first.toBuilder().remoteCopy("a.A", Supplier { RemotePond() }) }
            twice.message shouldContain "a.A"
            val second = first.toBuilder().remoteCopy("b.B", Supplier { RemotePond() }).build()
            listOf("a.A", "b.B").forEach { second.maker(Bytes.utf8(it)).shouldBeInstanceOf<TypeRegistry.Instance>() }
            listOf<Any?>(null) shouldContain first.maker(Bytes.utf8("b.B"))
        }
    })

private class Pond(val frogs: Int, val state: Any = mapOf("frogs" to frogs)) : Copyable {
    override fun typeToCopyFor(perspective: Any?) = "ponds.Pond"

    override fun stateToCopyFor(perspective: Any?) = state
}

private class RemotePond : RemoteCopy {
    lateinit var state: Map<*, *>
    var finished = false
    val frogs get() = state["frogs"] as Long

    override fun setCopyableState(state: Any?) {
        this.state = state as Map<*, *>
        check(frogs >= 0)
    }

    override fun postUnjelly() {
        finished = true
    }
}

@JvmRecord
private data class Point(val x: Int, val name: String, val list: List<Int>)

private fun overflow(n: Int): Int = overflow(n + 1) + 1

private fun hex(value: Any?) = BananaEncoder().encode(Jelly().jelly(value), BananaDialect.PB).toHexString()

private fun unsendable(value: Any?) = shouldThrow<UnsendableValueException> { Jelly().jelly(value) }.message!!

private fun refused(element: BananaElement) = shouldThrow<ProtocolViolationException> { Jelly().unjelly(element) }.message!!

private fun sexp(tag: String, vararg parts: Any): BananaList =
    BananaList(listOf(Bytes.utf8(tag)) + parts.map { if (it is Int) BananaInteger.of(it.toLong()) else it as BananaElement })

private fun valueOrViolation(bytes: ByteArray) {
    val decoder = BananaDecoder().apply { dialect = BananaDialect.PB }
    try {
        Jelly().unjelly(decoder.decode(ByteBuffer.wrap(bytes)) ?: return)
    } catch (_: ProtocolViolationException) {
        return
    } catch (e: Throwable) {
        throw AssertionError(bytes.toHexString(), e)
    }
}

private val TAGS =
    listOf(
        "list", "tuple", "set", "frozenset", "dictionary", "unicode", "None", "boolean", "reference", "dereference", "date", "decimal",
        "class", "ponds.Pond", "shapes.Point", "remote", "unpersistable",
    )

private fun randomTree(random: Random, depth: Int): BananaElement = when (if (depth == 0) random.nextInt(3) else random.nextInt(9)) {
    0 -> BananaInteger.of(random.nextInt(4).toLong())
    1 -> Bytes.utf8(listOf("true", "frogs", "x", "name", "list", "2024 1 1")[random.nextInt(6)])
    2 -> sexp("dereference", random.nextInt(4))
    3 -> sexp("reference", random.nextInt(4), randomTree(random, depth - 1))
    4 -> sexp("dictionary", *Array(random.nextInt(4)) { BananaList.of(randomTree(random, depth - 1), randomTree(random, depth - 1)) })
    else -> sexp(TAGS[random.nextInt(TAGS.size)], *Array(random.nextInt(4)) { randomTree(random, depth - 1) })
}
