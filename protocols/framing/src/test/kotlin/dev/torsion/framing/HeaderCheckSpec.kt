// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.net.ConnectionAborted
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import kotlin.time.Duration.Companion.seconds

private const val MAGIC = 0x544f5253

/** A header that is refused before its body comes. */
class HeaderCheckSpec :
    StringSpec({
        val header = Struct(">III") // magic, length, kind
        val seen = ArrayList<Int>()
        val check =
            HeaderCheck {
                seen.add(it.int(2))
                if (it.int(0) != MAGIC) throw MalformedFrameException("This is none of our messages.")
            }
        val good = HeaderFraming(header, lengthField = 1, maxBody = 100, check)

        beforeTest { seen.clear() }

        "every header is looked at once, however the bytes are cut" {
            val wire = good.encoded(
                header.pack(MAGIC, 0, 1) + "abc".encodeToByteArray(),
                header.pack(MAGIC, 0, 2),
                header.pack(MAGIC, 0, 3) + byteArrayOf(1),
            )
            for (pieces in listOf(listOf(wire), wire.oneByOne(), wire.splitAt(5, 13, 20), wire.splitAt(12), wire.splitAt(15, 16))) {
                seen.clear()
                val frames = good.read(pieces)
                frames.violation.shouldBeNull()
                frames.received.size shouldBe 3
                seen shouldContainExactly listOf(1, 2, 3)
            }
        }

        "a header that was looked at ahead is not looked at again" {
            val wire = good.encoded(header.pack(MAGIC, 0, 1) + "abc".encodeToByteArray(), header.pack(MAGIC, 0, 2)) + header.pack(0, 0, 3)
            for (pieces in listOf(listOf(wire), wire.oneByOne(), wire.splitAt(15, 20))) {
                seen.clear()
                val frames = Frames()
                val reader = FrameReader(good.newDecoder(), frames)
                frames.ready = false
                for (piece in pieces) {
                    reader.feedLent(piece)
                    reader.holdsFrame
                }
                reader.holdsFrame shouldBe true
                frames.ready = true
                reader.resume()
                seen shouldContainExactly listOf(1, 2, 3)
                frames.received.size shouldBe 2
                frames.violation.shouldBeInstanceOf<MalformedFrameException>()
            }
            seen.clear()
            val frames = Frames()
            val reader = FrameReader(good.newDecoder(), frames)
            frames.ready = false
            reader.feedLent(header.pack(0, 0, 4))
            repeat(2) { reader.violationAhead.shouldBeInstanceOf<MalformedFrameException>() }
            frames.ready = true
            reader.resume()
            frames.violation.shouldBeInstanceOf<MalformedFrameException>()
            seen shouldContainExactly listOf(4)
        }

        "a wrong one is refused as soon as the header is there, and before its length is believed" {
            val frames = Frames()
            val reader = FrameReader(good.newDecoder(), frames, good.frameLimit)
            val wrong = header.pack(MAGIC + 1, 1_000_000, 9)
            reader.feedLent(wrong.copyOf(11))
            frames.violation.shouldBeNull()
            reader.feedLent(wrong.copyOfRange(11, 12))
            frames.violation.shouldBeInstanceOf<MalformedFrameException>().message shouldBe "This is none of our messages."
            seen shouldContainExactly listOf(9)
        }

        "frames before it are delivered" {
            val frames = good.read(listOf(good.encoded(header.pack(MAGIC, 0, 1)) + header.pack(0, 0, 2)))
            frames.received.size shouldBe 1
            frames.violation.shouldBeInstanceOf<MalformedFrameException>()
        }

        "any exception refuses it" {
            val careless = HeaderFraming(header, lengthField = 1, check = HeaderCheck { error("wrong kind") })
            val violation = careless.read(listOf(header.pack(MAGIC, 0, 1))).violation.shouldBeInstanceOf<MalformedContentException>()
            violation.message shouldContain "A header is refused: wrong kind"
        }

        "a connection with the codec ends before the body has come" {
            runReactorTest {
                val codec = HeaderCodec(HeaderFraming(header, lengthField = 1, check = check), Content.text())
                var server: MessageConnection<HeaderAndBody<String>>? = null
                serve("tcp:8007", codec) { c ->
                    server = c
                    for ((head, body) in c.incoming) c.send(HeaderAndBody(head, body.uppercase()))
                }.await()
                val client = connect("tcp:127.0.0.1:8007", codec)
                client.request(HeaderAndBody(StructValues.of(MAGIC, 0, 1), "hello")).await().body shouldBe "HELLO"
                connect("tcp:127.0.0.1:8007", RawCodec()).write("GET / HTTP/1.1\r\n".encodeToByteArray())
                delay(1.seconds)
                server!!.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<MalformedFrameException>()
            }
        }
    })
