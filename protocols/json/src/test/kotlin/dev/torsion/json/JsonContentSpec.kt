// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.json

import dev.torsion.defer.await
import dev.torsion.framing.Content
import dev.torsion.framing.EncodeException
import dev.torsion.framing.FrameSink
import dev.torsion.framing.HeaderAndBody
import dev.torsion.framing.HeaderCodec
import dev.torsion.framing.Int32Codec
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MalformedContentException
import dev.torsion.framing.Struct
import dev.torsion.framing.StructValues
import dev.torsion.framing.connect
import dev.torsion.framing.serve
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.positiveInt
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import java.nio.ByteBuffer

@Serializable
data class Order(val company: String, val count: Int = 1) {
    init {
        require(count > 0) { "an order of nothing" }
    }
}

@Serializable
class Nested(@Suppress("unused") val inner: Nested?)

@OptIn(ExperimentalSerializationApi::class)
class JsonContentSpec :
    StringSpec({
        /** Decodes from the middle of a direct buffer, as the reactor's read buffer is one. */
        fun <T : Any> Content<T>.decode(bytes: ByteArray): T {
            val around = ByteBuffer.allocateDirect(bytes.size + 4)
            around.position(2).put(bytes).flip().position(2)
            return decode(around.asReadOnlyBuffer())
        }

        fun <T : Any> Content<T>.decode(text: String): T = decode(text.encodeToByteArray())

        "JSON" {
            val codec = Int32Codec().json<Order>()
            codec.encode(Order("oldboyedu")).drop(4).toByteArray().decodeToString() shouldBe """{"company":"oldboyedu"}"""
            codec.content.decode("""{"company": "x", "count": 2}""") shouldBe Order("x", 2)
        }

        "every value comes back as it was" {
            val content = Content.json<Order>()
            checkAll(Arb.bind(Arb.string(), Arb.positiveInt(), ::Order)) { content.decode(content.encode(it)) shouldBe it }
        }

        "what Python's json.dumps writes, with escapes and without" {
            val content = Content.json<Order>()
            content.decode("""{"company": "\u00e9\ud83d\ude00", "count": 2}""") shouldBe Order("\u00e9\uD83D\uDE00", 2)
            content.decode("""{"company": "é😀", "count": 2}""") shouldBe Order("\u00e9\uD83D\uDE00", 2)
        }

        "what is no JSON, or no such value, is refused" {
            val content = Content.json<Order>()
            for (bad in listOf(
                "",
                "{",
                "[]",
                "{}",
                """{"company":1}""",
                """{"company":"x","more":1}""",
                """{"company":"x","count":0}""",
                "\u0000",
            )) {
                withClue(bad) {
                    shouldThrow<MalformedContentException> { content.decode(bad) }.message shouldContain "Order"
                }
            }
            shouldThrow<MalformedContentException> { content.decode(byteArrayOf('"'.code.toByte(), -1, '"'.code.toByte())) }
        }

        "what is nested too deep is refused, and breaks nothing" {
            val levels = 1_000_000
            val deep = "{\"inner\":".repeat(levels) + "null" + "}".repeat(levels)
            shouldThrow<MalformedContentException> { Content.json<Nested>().decode(deep) }.message shouldContain "too nested"
            val unlimited = Content.json<Nested>(Json { maxNestingDepth = Int.MAX_VALUE })
            shouldThrow<MalformedContentException> { unlimited.decode(deep) }.message shouldContain "nested too deep"
        }

        "a format of one's own" {
            val lenient = Content.json<Order>(Json { ignoreUnknownKeys = true })
            lenient.decode("""{"company":"x","more":1}""") shouldBe Order("x")
        }

        "what has no JSON is not sent, and leaves nothing on the wire" {
            var written = 0
            val sink = FrameSink { _, _, length -> written += length }
            val error = shouldThrow<EncodeException> { LineCodec().json<Double>().encode(Double.NaN, sink) }
            error.cause.shouldBeInstanceOf<SerializationException>()
            written shouldBe 0
        }

        "a header and JSON: the private protocol" {
            val codec = HeaderCodec(Struct("<iii"), lengthField = 1, body = Content.json<Order>())
            val frame = codec.encode(HeaderAndBody(StructValues.of(1, 0, 101), Order("oldboyedu")))
            frame.toHexString() shouldBe "010000001700000065000000" + """{"company":"oldboyedu"}""".encodeToByteArray().toHexString()
            val (header, order) = codec.content.decode(frame)
            header.int(2) shouldBe 101
            order shouldBe Order("oldboyedu")
        }

        "orders there and back over a connection that cuts them up" {
            runReactorTest {
                network.chunking = Chunking.byteByByte()
                serve("tcp:8007", Int32Codec().json<Order>()) { connection ->
                    for (order in connection.incoming) connection.send(order.copy(count = order.count + 1))
                }.await()
                val client = connect("tcp:127.0.0.1:8007", Int32Codec().json<Order>())
                val answers = List(20) { client.request(Order("é$it", it + 1)) }
                answers.map { it.await() } shouldBe List(20) { Order("é$it", it + 2) }
                client.close()
            }
        }

        "bad JSON is a bad frame: the messages before it are delivered, and nothing after it" {
            runReactorTest {
                var error: Throwable? = null
                serve("tcp:8007", Int32Codec().json<Order>()) { connection ->
                    connection.receive() shouldBe Order("a")
                    error = shouldThrow<MalformedContentException> { connection.receive() }
                    shouldThrow<MalformedContentException> { connection.receive() }
                }.await()
                val client = connect("tcp:127.0.0.1:8007", Int32Codec().text())
                client.send("""{"company":"a"}""")
                client.send("no JSON")
                client.send("""{"company":"b"}""")
                client.receiveOrNull().shouldBeNull()
                error!!.message shouldContain "Order"
            }
        }

        "a tree for messages of many kinds" {
            val content = Content.json<JsonElement>()
            content.encode(JsonPrimitive("我")).decodeToString() shouldBe "\"我\""
            content.decode("[1]").toString() shouldBe "[1]"
        }

        "it says what it is" {
            "${LineCodec().json<Order>()}" shouldContain "JSON of dev.torsion.json.Order"
        }
    })
