// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.PrintWriter
import java.io.StringWriter

/** Describing never fails, whatever is described. */
internal class SafeTextSpec :
    StringSpec({
        "an object's text, whatever its toString does" {
            safeString(null) shouldBe "null"
            safeString(7) shouldBe "7"
            safeString(SaysNothing) shouldBe "null"
            val name = Unformattable::class.java.name
            for (error in listOf(RuntimeException(), OutOfMemoryError(), StackOverflowError(), NoClassDefFoundError(), Undescribed())) {
                safeString(Unformattable { error }) shouldBe "<$name whose toString throws ${error.javaClass.name}>"
            }
        }

        "one whose text has no end, or ends nowhere near here" {
            val itself = ArrayList<Any>()
            itself.add(listOf(itself))
            safeString(itself) shouldBe "<java.util.ArrayList whose toString throws java.lang.StackOverflowError>"
            safeString("x".repeat(10_000)) shouldBe "x".repeat(10_000)
            safeString("x".repeat(1_000_000)) shouldBe "x".repeat(10_000) + "... (1000000 characters)"
        }

        "with no stack left for more than a word" {
            val endless = Unformattable { deepest() }
            fun deep(): String = try {
                deep()
            } catch (_: StackOverflowError) {
                safeString(endless)
            }
            deep() shouldContain "whose toString throws"
        }

        "an error's message, whatever its getMessage does" {
            safeMessage(RuntimeException()) shouldBe null
            safeMessage(RuntimeException("why")) shouldBe "why"
            safeMessage(RuntimeException("")) shouldBe ""
            safeMessage(RuntimeException("y".repeat(20_000)))!! shouldEndWith "... (20000 characters)"
            safeMessage(Undescribed()) shouldBe "<${Undescribed::class.java.name} whose getMessage throws java.lang.IllegalStateException>"
        }

        "an error that can be described stands for itself" {
            val cause = IllegalStateException("cause")
            val error = RuntimeException("why", cause).apply { addSuppressed(RuntimeException("too", this)) }
            cause.addSuppressed(error) // a ring
            safeThrowable(error) shouldBeSameInstanceAs error
        }

        "one that cannot has a stand-in, with its trace, its causes and what it suppresses" {
            val cause = RuntimeException("the cause")
            for (bad in listOf(
                Undescribed(cause),
                RuntimeException("outer", Undescribed(cause)),
                RuntimeException().apply {
                    addSuppressed(Undescribed(cause))
                },
            )) {
                val safe = safeThrowable(bad).shouldBeInstanceOf<StandInException>()
                safe.original shouldBeSameInstanceAs bad
                safe.stackTrace.toList() shouldBe bad.stackTrace.toList()
                val text = printed(safe)
                text shouldContain "${Undescribed::class.java.name}: <${Undescribed::class.java.name} whose getMessage throws"
                text shouldContain "java.lang.RuntimeException: the cause"
                text shouldContain "SafeTextSpec"
            }
        }

        "so has one whose trace or causes cannot be had, or have no end" {
            val hostile =
                listOf(
                    object : RuntimeException("no trace") {
                        override fun getStackTrace(): Array<StackTraceElement> = error("no trace")
                    },
                    object : RuntimeException("no cause") {
                        override val cause: Throwable get() = error("no cause")
                    },
                    object : RuntimeException("no text") {
                        override fun toString(): String = error("no text")
                    },
                    Endless(),
                )
            for (bad in hostile) {
                val safe = safeThrowable(bad).shouldBeInstanceOf<StandInException>()
                printed(safe) shouldContain bad.message!!
            }
            generateSequence(safeThrowable(Endless())) { it.cause }.toList().size shouldBe 51
        }

        "a ring of them ends" {
            val first = Undescribed()
            val second = Undescribed(first)
            first.initCause(second)
            val safe = safeThrowable(first)
            generateSequence(safe) { it.cause }.toList() shouldHaveSize 3
            printed(safe) shouldStartWith StandInException::class.java.name
        }

        "an error that holds what a peer has sent has it escaped, also in its causes" {
            val plain = RuntimeException("line 1: ${"x".repeat(150)}", IllegalStateException())
            escapedThrowable(plain) shouldBeSameInstanceAs plain
            for (text in listOf("\u001b[2J", "a\nb", "x".repeat(300))) {
                for (bad in listOf(RuntimeException(text), RuntimeException(RuntimeException("why", RuntimeException(text))))) {
                    val safe = escapedThrowable(bad).shouldBeInstanceOf<StandInException>()
                    safe.original shouldBeSameInstanceAs bad
                    safe.stackTrace.toList() shouldBe bad.stackTrace.toList()
                    printed(safe) shouldContain escaped(text)
                    printed(safe) shouldNotContain text
                }
            }
            escapedThrowable(Undescribed()).shouldBeInstanceOf<StandInException>()
        }

        "a class whose simple name cannot be had is known by its name" {
            simpleName(Undescribed::class.java, "Nobody") shouldBe "Undescribed"
            simpleName(object {}.javaClass, "Nobody") shouldBe "Nobody"
        }
    })

private fun printed(error: Throwable) = StringWriter().also { error.printStackTrace(PrintWriter(it, true)) }.toString()

private fun deepest(): Throwable = deepest().also { it.message }

/** In Java a toString may give null. */
private object SaysNothing {
    override fun toString(): String = nothing()

    @Suppress("UNCHECKED_CAST")
    private fun nothing(): String = (listOf<String?>(null) as List<String>)[0]
}

/** An exception that says nothing of itself. */
internal class Undescribed(cause: Throwable? = null) : RuntimeException() {
    init {
        if (cause != null) initCause(cause)
    }

    override val message: String get() = error("no message")

    override fun toString(): String = error("no text")

    private companion object {
        const val serialVersionUID = 1L
    }
}

/** Each cause has another one. */
private class Endless : RuntimeException("endless") {
    override val cause: Throwable get() = Endless()

    private companion object {
        const val serialVersionUID = 1L
    }
}
