// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.FILE_PIECE
import dev.torsion.reactor.FilePieces
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

class LentPieceSpec :
    FunSpec({
        /** Whether somebody else can get the memory of [piece] now. */
        fun isFree(piece: LentPiece): Boolean {
            val all = List(100) { FilePieces.take(FILE_PIECE) }
            all.forEach(FilePieces::give)
            return all.any { it === piece.buffer }
        }

        test("memory goes back when its owner has left it, and the thread that reads into it") {
            val piece = LentPiece(FILE_PIECE)
            piece.buffer.isDirect shouldBe true
            val reads = CountDownLatch(1)
            val mayEnd = CountDownLatch(1)
            val reader =
                thread {
                    piece.during {
                        reads.countDown()
                        mayEnd.await(20, TimeUnit.SECONDS)
                    }
                }
            reads.await(20, TimeUnit.SECONDS) shouldBe true
            piece.close()
            isFree(piece) shouldBe false
            mayEnd.countDown()
            reader.join(20_000)
            isFree(piece) shouldBe true
            shouldThrow<IllegalStateException> { piece.during { } }
        }

        test("memory goes back at once when no thread reads into it") {
            val piece = LentPiece(FILE_PIECE)
            piece.during { piece.buffer.capacity() } shouldBe FILE_PIECE
            isFree(piece) shouldBe false
            piece.close()
            isFree(piece) shouldBe true
        }
    })
