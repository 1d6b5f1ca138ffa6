// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.ints.shouldBeExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.slf4j.helpers.NOP_FallbackServiceProvider
import org.slf4j.spi.SLF4JServiceProvider
import java.io.File

/** The library's events where SLF4J has no provider, in JVMs of their own. */
internal class NoProviderSpec :
    StringSpec({
        val withoutProviders = System.getProperty("java.class.path").split(File.pathSeparator)
            .filterNot { "slf4j-simple" in it || "logback" in it }

        /** The program's standard error, with [more] on its class path. */
        fun errors(vararg more: File): String {
            val java = ProcessHandle.current().info().command().orElseThrow()
            val classPath = (withoutProviders + more.map { it.path }).joinToString(File.pathSeparator)
            val process = ProcessBuilder(java, "-cp", classPath, LogsWithoutProvider::class.java.name).start()
            process.outputStream.close()
            val text = process.errorStream.bufferedReader().readText()
            withClue(text) { process.waitFor() shouldBe 0 }
            return text
        }

        "warnings and errors go to standard error, once with a hint, and nothing of a lower level does" {
            val text = errors()
            text shouldContain "a warning of 7"
            text shouldContain "an error of 8"
            text shouldContain "java.lang.IllegalStateException: why"
            text shouldNotContain "routine"
            text.lines().count { "SLF4J has no provider" in it } shouldBeExactly 1
        }

        "what a peer has sent stays escaped, and braces are no places for arguments" {
            val text = errors()
            text shouldContain """a peer sent GET\x1b[2J\r\nforged {} {0}"""
            text.lines().none { it.startsWith("forged") } shouldBe true
        }

        "an observer that fails is told of, when nobody is left but the last resort" {
            errors() shouldContain "The log observer broken failed at an event of of.a.broken.one"
        }

        "a provider that is silent on purpose stays silent" {
            val folder = tempdir()
            File(folder, "META-INF/services").apply { mkdirs() }
                .resolve(SLF4JServiceProvider::class.java.name).writeText(SilentProvider::class.java.name)
            errors(folder) shouldBe ""
        }
    })

/** As slf4j-nop. */
class SilentProvider : NOP_FallbackServiceProvider()

internal object LogsWithoutProvider {
    @JvmStatic
    fun main(args: Array<String>) {
        val log = Logger("a.b")
        log.info("routine")
        log.warn("a warning of {x}", "x", 7)
        Logger("c.d").failure("an error of {x}", IllegalStateException("why"), "x" to 8)
        log.error("a peer sent {bytes}", "bytes" to escaped("GET\u001b[2J\r\nforged {} {0}"))
        val broken =
            object : LogObserver {
                override fun observe(event: LogEvent): Unit = throw IllegalStateException("broken")

                override fun toString() = "broken"
            }
        Logger("of.a.broken.one", broken).error("lost")
    }
}
