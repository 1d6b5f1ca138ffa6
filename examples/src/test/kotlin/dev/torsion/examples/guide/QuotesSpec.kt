// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.connect
import dev.torsion.framing.requestsBy
import dev.torsion.framing.serve
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly

/** The requests of docs/guide/codecs.md, in Kotlin. */
class QuotesSpec :
    StringSpec({
        val codec = LineCodec().map(Quote::toString, Quote::parse)

        "answers come by their id" {
            val shown = ArrayList<String>()

            fun show(quote: Quote) {
                shown.add(quote.text())
            }

            suspend fun ask(connection: MessageConnection<Quote>) {
                val requests = connection.requestsBy { quote: Quote -> quote.answeredId() }
                requests.onPush { quote -> show(quote) }
                println(requests.ask(7, Quote.question(7, "EUR")).text())
            }

            runReactorTest {
                serve("tcp:8007", codec) { connection ->
                    for (question in connection.incoming) {
                        connection.send(Quote('*', 0, "market open"))
                        connection.send(Quote('=', question.id(), "1.1"))
                    }
                }
                val connection = connect("tcp:127.0.0.1:8007", codec)
                ask(connection)
                connection.close()
                shown shouldContainExactly listOf("market open")
            }
        }
    })
