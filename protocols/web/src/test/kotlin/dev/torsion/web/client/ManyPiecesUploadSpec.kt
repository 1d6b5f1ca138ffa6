// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.BodySink
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldNotBeInstanceOf
import kotlinx.coroutines.flow.asFlow
import java.nio.ByteBuffer
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.SubmissionPublisher

/** Bodies of requests that are many pieces. */
class ManyPiecesUploadSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())

        fun scene(test: ClientScene.() -> Unit) = inScene(torsion.reactor, test = test)

        val kinds = mapOf<String, (Sequence<ByteArray>) -> RequestBody>(
            "a loop" to { pieces -> RequestBody.stream("a/b") { sink -> for (piece in pieces) sink.write(piece) } },
            "a flow" to { pieces -> RequestBody.stream("a/b", pieces.asFlow()) },
            "sendAll" to { pieces -> RequestBody.streaming("a/b", { sink -> sink.sendAll(pieces.iterator()) }) },
        )

        test("whoever writes gives others their turn after 64 pieces, though the server takes all of them at once") {
            for ((kind, body) in kinds) {
                withClue(kind) {
                    scene {
                        var given = 0
                        var givenBeforeOthers = 0
                        val pieces = (0 until 500).asSequence().map {
                            if (it == 0) reactor.callFromThread { givenBeforeOthers = given }
                            given++
                            "$it\n".toByteArray()
                        }
                        val asked = ask("POST", "/", body(pieces))
                        peers.single().got() shouldEndWith "4\r\n499\n\r\n0\r\n\r\n"
                        givenBeforeOthers shouldBeLessThan 2 * 64 + 1
                        answer(ok("x"))
                        asked.text shouldBe "x"
                    }
                }
            }
        }

        test("a publisher's pieces go out as they come; its end is that of the body, and its failure that of the request") {
            for (isFailing in listOf(false, true)) {
                scene {
                    SubmissionPublisher<ByteBuffer>({ it.run() }, 8).use { publisher ->
                        val asked = ask("POST", "/", RequestBody.publishing("a/b", publisher))
                        publisher.submit(ByteBuffer.wrap("abc".toByteArray()))
                        reactor.flush()
                        peers.single().got() shouldEndWith "\r\n\r\n3\r\nabc\r\n"
                        if (isFailing) publisher.closeExceptionally(IllegalStateException("no more")) else publisher.close()
                        reactor.flush()
                        if (isFailing) {
                            peers.single().got() shouldNotContain "0\r\n"
                            asked.error!!.message!! shouldContain "no more"
                            peers.single().end shouldNotBe null
                        } else {
                            peers.single().got() shouldBe "0\r\n\r\n"
                            answer(ok("x"))
                            asked.text shouldBe "x"
                        }
                    }
                }
            }
        }

        test("a body that ends by a cancellation of its own fails the request, and does not cancel who waits for it") {
            val gone = sequence<ByteArray> { throw CancellationException("the rows are gone") }
            val writers = mapOf<String, (BodySink) -> CompletionStage<*>>(
                "sendAll" to { it.sendAll(gone.iterator()) },
                "a future" to { CompletableFuture<Void?>().apply { cancel(false) } },
            )
            for ((kind, write) in writers) {
                withClue(kind) {
                    scene {
                        val asked = ask("POST", "/", RequestBody.streaming("a/b", { write(it) }))
                        peers.single().got() shouldNotContain "0\r\n\r\n"
                        asked.error.shouldBeInstanceOf<IllegalStateException>().shouldNotBeInstanceOf<CancellationException>()
                        peers.single().end shouldNotBe null
                    }
                }
            }
        }

        test("a request that is cancelled leaves no subscription, and one with a length has that") {
            scene {
                SubmissionPublisher<ByteBuffer>({ it.run() }, 8).use { publisher ->
                    val asked = ask("POST", "/", RequestBody.publishing("a/b", publisher, 3))
                    publisher.numberOfSubscribers shouldBe 1
                    peers.single().got() shouldContain "Content-Length: 3\r\n"
                    asked.deferred.cancel()
                    reactor.flush()
                    publisher.submit(ByteBuffer.wrap("abc".toByteArray())) // which finds who has gone
                    publisher.numberOfSubscribers shouldBe 0
                }
            }
        }
    })
