// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.eclipse.jetty.http.HttpHeader
import java.nio.ByteBuffer

/** How heads are read; what is right and wrong in them is in the corpus. */
class HeadReaderSpec :
    FunSpec({
        class Seen(limits: HttpLimits = HttpLimits.DEFAULT) : MessageListener {
            val reader = HttpReader(limits, isRequest = true, this)
            val heads = ArrayList<RequestHead>()
            val views = ArrayList<ByteBuffer>()
            var error: HttpException? = null

            override fun head(head: MessageHead) {
                heads.add(head as RequestHead)
            }

            override fun content(view: ByteBuffer) {
                views.add(view)
            }

            override fun end(trailers: Headers) = Unit

            override fun failed(error: HttpException) {
                this.error = error
            }

            fun feed(text: String) = reader.feed(ByteBuffer.wrap(text.toByteArray()))
        }

        test("names that are known come in their usual case, and without a string of their own; others as they were sent") {
            val known = HttpHeader.values().map { it.asString() }.filter {
                !it.startsWith(":") &&
                    it !in setOf("Host", "Content-Length", "Transfer-Encoding")
            }
            for (change in listOf<(String) -> String>(String::lowercase, String::uppercase)) {
                for (name in known + "X-Own-Name") {
                    val sent = change(name)
                    val seen = Seen()
                    seen.feed("GET / HTTP/1.1\r\nHost: a\r\n$sent: 1\r\n\r\n") shouldBe true
                    val got = seen.heads.single().headers.name(1)
                    got shouldBe if (name in known) name else sent
                    if (name in
                        known
                    ) {
                        Seen().also {
                            it.feed("GET / HTTP/1.1\r\nHost: a\r\n$sent: 1\r\n\r\n")
                        }.heads.single().headers.name(1) shouldBeSameInstanceAs
                            got
                    }
                }
            }
        }

        test("no byte behind a head is taken with it, wherever it ends in the pieces that are copied") {
            for (size in 900..1100) {
                val text = "GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(size)}\r\n\r\n"
                val view = ByteBuffer.wrap((text + text + "GET").toByteArray())
                val seen = Seen()
                seen.reader.feed(view) shouldBe true
                view.position() shouldBe text.length
                seen.reader.feed(view) shouldBe true
                view.position() shouldBe 2 * text.length
                seen.reader.feed(view) shouldBe false
                view.hasRemaining() shouldBe false
                seen.heads.map { it.headers["X"]?.length } shouldContainExactly listOf(size, size)
            }
        }

        test("a body of known length is passed on in the view that it came in") {
            val seen = Seen()
            val text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdefGET"
            val view = ByteBuffer.allocateDirect(text.length).put(text.toByteArray()).flip()
            seen.reader.feed(view) shouldBe true
            seen.views.single() shouldBeSameInstanceAs view
            view.remaining() shouldBe 3
        }

        test("limits are exact, whatever the pieces") {
            val limits = HttpLimits.DEFAULT.withMaxUrlBytes(10).withMaxHeadBytes(40).withMaxFields(2)
            fun verdict(text: String) = listOf(1, 3, 1000).map { size ->
                val seen = Seen(limits)
                text.chunked(size).forEach { seen.feed(it) }
                (seen.error as HttpViolationException?)?.status ?: seen.heads.size
            }.distinct()
            verdict("GET /${"a".repeat(9)} HTTP/1.1\r\nHost: a\r\n\r\n") shouldBe listOf(1)
            verdict("GET /${"a".repeat(10)} HTTP/1.1\r\nHost: a\r\n\r\n") shouldBe listOf(414)
            verdict("GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(24)}\r\n\r\n") shouldBe listOf(1)
            verdict("GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(25)}\r\n\r\n") shouldBe listOf(431)
            verdict("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n") shouldBe listOf(1)
            verdict("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nX: c\r\n\r\n") shouldBe listOf(431)
        }

        test("what a listener throws ends the reading, and is told") {
            val told = ArrayList<HttpException>()
            val listener = object : MessageListener {
                override fun head(head: MessageHead) = error("no")

                override fun content(view: ByteBuffer) = Unit

                override fun end(trailers: Headers) = Unit

                override fun failed(error: HttpException) {
                    told.add(error)
                }
            }
            val reader = HttpReader(HttpLimits.DEFAULT, isRequest = true, listener)
            val view = ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET".toByteArray())
            reader.feed(view) shouldBe false
            view.hasRemaining() shouldBe false
            told.single().cause?.message shouldBe "no"
        }
    })
