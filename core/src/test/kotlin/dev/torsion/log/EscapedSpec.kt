// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.Codepoint
import io.kotest.property.arbitrary.codepoints
import io.kotest.property.arbitrary.of
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.nio.ByteBuffer

/** Any text of a peer can be shown. */
internal class EscapedSpec :
    StringSpec({
        "what can be printed stays, in all languages" {
            escaped("") shouldBe ""
            escaped("plain 'text' \"it\" {is} %s") shouldBe "plain 'text' \"it\" {is} %s"
            escaped("Grüße 日本 \uD83D\uDE00") shouldBe "Grüße 日本 \uD83D\uDE00"
        }

        "what cannot, or would do something to a terminal or a log, is escaped" {
            escaped("a\r\nb\tc\\d") shouldBe """a\r\nb\tc\\d"""
            escaped("\u001b[2J\u0000\u007f\u0085\u00a0") shouldBe """\x1b[2J\x00\x7f\x85\xa0"""
            escaped("\u202eevil\u2028\u2029\ufeff\u200b") shouldBe """\u202eevil\u2028\u2029\ufeff\u200b"""
            escaped("half \ud83d, \udb40\udc41") shouldBe """half \ud83d, \U000e0041"""
        }

        "bytes are escaped unless they are printable ASCII" {
            escaped(byteArrayOf(0x41, 0x5c, 0x0a, 0x1b, -1, 0x7e, 0x7f)) shouldBe """A\\\n\x1b\xff~\x7f"""
            val view = ByteBuffer.wrap("abcdef".encodeToByteArray()).position(1).limit(4)
            escaped(view) shouldBe "bcd"
            view.position() shouldBe 1
        }

        "there is a limit, and the end says how much is missing" {
            escaped("x".repeat(200)) shouldBe "x".repeat(200)
            escaped("x".repeat(1000)) shouldBe "x".repeat(200) + "... (800 more characters)"
            escaped("abc", 2) shouldBe "ab... (1 more characters)"
            escaped(ByteArray(5), 3) shouldBe """\x00... (4 more bytes)"""
            escaped("abc", 0) shouldBe "... (3 more characters)"
            shouldThrow<IllegalArgumentException> { escaped("", -1) }
        }

        "it is one printable line of bounded length, whatever comes" {
            checkAll(Arb.string(0..400, Arb.codepoints())) { text ->
                val shown = escaped(text)
                shown.length shouldBeLessThan 250
                shown.codePoints().allMatch {
                    it >= 0x20 && it != 0x7f && !Character.isISOControl(it) &&
                        Character.getType(it) != Character.FORMAT.toInt()
                } shouldBe
                    true
            }
        }

        "two texts are shown alike only if they are the same" {
            checkAll(Arb.string(0..10, Arb.of(setOf('\\', 'n', '\n', 'x', '0', '\u0000', 'u').map { Codepoint(it.code) }))) { text ->
                unescaped(escaped(text)) shouldBe text
            }
        }
    })

private fun unescaped(text: String): String = Regex("""\\(\\|n|x(..))""").replace(text) {
    when (it.groupValues[1].first()) {
        '\\' -> "\\"
        'n' -> "\n"
        else -> it.groupValues[2].toInt(16).toChar().toString()
    }
}
