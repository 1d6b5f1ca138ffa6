// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer
import kotlin.random.Random

/** A line of the corpus. */
internal class Case(val verdict: String, val section: String, val name: String, val bytes: ByteArray) {
    companion object {
        fun all(file: String): List<Case> = Case::class.java.getResource(file)!!.readText().lines()
            .filter { it.isNotEmpty() && !it.startsWith("#") }
            .map { line -> line.split('\t', limit = 4).let { Case(it[0], it[1], it[2], bytes(it[3])) } }

        private val REPEATED = Regex("""\{(.+?)\*(\d+)\}""")
        private val ESCAPE = Regex("""\\(r|n|t|0|\\|x([0-9a-f]{2}))""")

        fun bytes(text: String): ByteArray {
            val whole = REPEATED.replace(text) { it.groupValues[1].repeat(it.groupValues[2].toInt()) }
            return ESCAPE.replace(whole) {
                when (it.groupValues[1]) {
                    "r" -> "\r"
                    "n" -> "\n"
                    "t" -> "\t"
                    "0" -> "\u0000"
                    "\\" -> "\\"
                    else -> it.groupValues[2].toInt(16).toChar().toString()
                }
            }.toByteArray(Charsets.ISO_8859_1)
        }
    }
}

/** The events of a reader, as text; bodies are put together. */
internal class Heard(isRequest: Boolean, limits: HttpLimits = HttpLimits.DEFAULT) : MessageListener {
    val reader = HttpReader(limits, isRequest, this)
    val messages = ArrayList<String>()
    var error: HttpException? = null
    private var head = ""
    private val body = java.io.ByteArrayOutputStream()

    override fun head(head: MessageHead) {
        body.reset()
        this.head = when (head) {
            is RequestHead -> "${head.method} ${head.target}"
            is ResponseHead -> "${head.status} ${head.reason}"
        } + " 1.${if (head.isHttp11) 1 else 0} ${head.headers}"
    }

    override fun content(view: ByteBuffer) {
        val bytes = ByteArray(view.remaining())
        view.get(bytes)
        body.write(bytes)
    }

    override fun end(trailers: Headers) {
        messages.add("$head [${body.toString(Charsets.ISO_8859_1)}] $trailers")
    }

    override fun failed(error: HttpException) {
        check(this.error == null)
        this.error = error
    }

    /** Feeds [bytes] in pieces of the sizes that [next] gives. */
    fun feed(bytes: ByteArray, next: (Int) -> Int): Heard = apply {
        var at = 0
        while (at < bytes.size) {
            val count = next(bytes.size - at).coerceIn(1, bytes.size - at)
            val view = ByteBuffer.allocateDirect(count).put(bytes, at, count).flip()
            do {
                val before = view.remaining()
                val isComplete = reader.feed(view)
                check(isComplete || !view.hasRemaining()) { "${view.remaining()} of $before bytes were left" }
            } while (view.hasRemaining())
            at += count
        }
    }

    /** All that can be seen from outside. */
    val all: String
        get() {
            val fault = (error as? HttpViolationException)?.let { "${it.status} ${it.message}" } ?: error?.javaClass?.simpleName
            return "$messages $fault ${reader.isInside && error == null}"
        }
}

/** [bytes] with some faults in them. */
internal fun mutated(bytes: ByteArray, random: Random): ByteArray {
    val list = bytes.toMutableList()
    repeat(random.nextInt(1, 4)) {
        if (list.isEmpty()) return@repeat
        val at = random.nextInt(list.size)
        when (random.nextInt(4)) {
            0 -> list[at] = random.nextInt(256).toByte()
            1 -> list.removeAt(at)
            2 -> list.add(at, "\r\n :,;0\u0000\tA%"[random.nextInt(11)].code.toByte())
            else -> list.add(at, list[random.nextInt(list.size)])
        }
    }
    return list.toByteArray()
}
