// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.Case
import dev.torsion.web.HttpLimits
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** The corpus of answers, on a connection: what comes of each is the same however it is cut. */
class AgentCorpusSpec :
    FunSpec({
        fun outcome(case: Case, chunking: Chunking): String = MemoryReactor().use { reactor ->
            reactor.network.chunking = chunking
            val scene = ClientScene(reactor, HttpClientOptions.DEFAULT.withLimits(HttpLimits.DEFAULT)) // those that the corpus is for
            val asked = scene.get()
            scene.answer(case.bytes.toString(Charsets.ISO_8859_1))
            scene.peers[0].transport.loseConnection()
            reactor.flush()
            val text = asked.text
            val error = asked.error ?: asked.bodyError
            val verdict = when (error) {
                null -> "ok"
                is HttpViolationException -> "bad ${error.rule}"
                is IncompleteMessageException -> "cut ${error.part}"
                else -> "$error"
            }
            check(scene.agent.pool.count == 0)
            scene.end()
            "$verdict ${asked.status} $text ${asked.response?.headers}"
        }

        for (case in Case.all("responses.txt")) {
            test("${case.verdict}: ${case.name} (${case.section})") {
                val whole = outcome(case, Chunking.whole())
                whole.substringBefore(' ') shouldBe case.verdict.substringBefore(' ')
                val cuts = listOf(Chunking.byteByByte(), Chunking.random(7)) +
                    if (case.bytes.size < 300) (1 until case.bytes.size).map { Chunking.splitAt(it) } else emptyList()
                for (cut in cuts) withClue({ "$cut" }) { outcome(case, cut) shouldBe whole }
            }
        }
    })
