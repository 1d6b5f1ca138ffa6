// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import java.io.PrintWriter
import java.io.StringWriter
import java.nio.file.Path
import java.util.spi.ToolProvider

/** Methods that the JIT must compile for themselves, with what they call in them; docs/performance-notebook.md says what that gains. */
internal class CompiledAloneSpec :
    StringSpec({
        mapOf(
            "dev.torsion.stream.StreamTransport" to "void write(",
            "dev.torsion.framing.FrameReader" to "void run(",
            "dev.torsion.framing.LineDecoder" to "boolean find(",
            "dev.torsion.framing.LineFraming" to "boolean endsInside(",
        ).forEach { (type, method) ->
            "$type: $method...) is larger than what the JIT inlines" {
                val sizes = codeSizes(type, method)
                sizes.shouldNotBeEmpty()
                withClue("In smaller pieces it is inlined at the end of a long chain of calls, and the calls in it stay calls.") {
                    sizes.min() shouldBeGreaterThan LARGEST_INLINED
                }
            }
        }
    })

/** The JVM's FreqInlineSize, in bytes of code. */
private const val LARGEST_INLINED = 325

private val instruction = Regex("^ +(\\d+): ", RegexOption.MULTILINE)

/** How many bytes of code, except for the last instruction, the methods of [type] have whose declaration holds [declaration]. */
private fun codeSizes(type: String, declaration: String): List<Int> {
    val classes = Path.of(Class.forName(type).protectionDomain.codeSource.location.toURI())
    val text = StringWriter()
    val output = PrintWriter(text)
    ToolProvider.findFirst("javap").orElseThrow().run(output, output, "-c", "-p", "-classpath", "$classes", type)
    return text.toString().split("\n\n")
        .filter { declaration in it.substringBefore("Code:") }
        .map { method -> instruction.findAll(method).maxOf { it.groupValues[1].toInt() } }
}
