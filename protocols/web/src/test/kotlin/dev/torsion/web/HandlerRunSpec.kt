// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Factory
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume

/** A handler has a coroutine when it needs one, and sees no difference. */
class HandlerRunSpec :
    FunSpec({
        lateinit var connection: ServerConnection

        fun coroutines(): List<Job> = connection.transport.scope.coroutineContext.job.children.toList()

        fun answering(handler: suspend (Request) -> Response, check: WebScene.(Raw) -> Unit) = scene(handler = handler) {
            check(connect(reactor.listenTcp(0, Factory { ServerConnection(site).also { connection = it } }, "127.0.0.1")))
        }

        test("one that answers at once has none") {
            answering({ Response.text("${coroutines().size} coroutines") }) { client ->
                client.ask(get("/")) shouldEndWith "0 coroutines"
            }
        }

        test("one that looks for its job has one, below that of the connection, until it has answered") {
            lateinit var job: Job
            answering({
                job = currentCoroutineContext().job
                Response.text("${coroutines() == listOf(job)} ${job.isActive}")
            }) { client ->
                client.ask(get("/")) shouldEndWith "true true"
                job.isCompleted shouldBe true
                coroutines() shouldBe emptyList()
            }
        }

        test("one that waits answers later, on the dispatcher of its connection") {
            answering({
                delay(5)
                val name = withContext(Name("own")) { currentCoroutineContext()[Name]?.text }
                Response.text("$name, ${currentCoroutineContext()[Name]}, ${coroutines().size}")
            }) { client ->
                client.ask(get("/")) shouldBe ""
                coroutines().size shouldBe 1
                pass(1)
                client.got() shouldEndWith "own, null, 1"
            }
        }

        test("one that stops without a look at its context goes on when it is resumed") {
            lateinit var stopped: Continuation<String>
            answering({
                Response.text(
                    suspendCoroutineUninterceptedOrReturn {
                        stopped = it
                        COROUTINE_SUSPENDED
                    },
                )
            }) { client ->
                client.ask(get("/"))
                coroutines().size shouldBe 1
                stopped.resume("later")
                reactor.flush()
                client.got() shouldEndWith "later"
            }
        }

        test("the answer waits for coroutines that it has launched, and fails with them") {
            answering({ request ->
                CoroutineScope(currentCoroutineContext()).launch {
                    delay(5)
                    check(request.target == "/good") { "bad" }
                }
                Response.text("done")
            }) { client ->
                client.ask(get("/good")) shouldBe ""
                pass(1)
                client.got() shouldEndWith "done"
                client.ask(get("/bad")) shouldBe ""
                pass(1)
                client.got() shouldContain "500 Internal Server Error"
            }
        }

        test("one that fails at once is answered with 500, whether it has a coroutine by then or not") {
            answering({ request ->
                if (request.target == "/late") currentCoroutineContext().job
                error("failed")
            }) { client ->
                client.ask(get("/late")) shouldContain "HTTP/1.1 500 Internal Server Error"
                client.ask(get("/")) shouldContain "HTTP/1.1 500 Internal Server Error"
            }
        }
    })

private class Name(val text: String) : AbstractCoroutineContextElement(Name) {
    companion object : CoroutineContext.Key<Name>
}
