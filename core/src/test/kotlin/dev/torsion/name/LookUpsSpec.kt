// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.DnsLookupException
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resolve
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.net.InetAddress
import java.net.UnknownHostException
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CancellationException

private val ADDRESSES = listOf(InetAddress.getByName("10.0.0.1"))

/** Answers when the test says so. */
private class Held : HostResolver {
    val asked = ArrayList<String>()
    val answers = ArrayList<Deferred<List<InetAddress>>>()
    val cancelled = ArrayList<String>()

    override fun resolve(host: String): Deferred<List<InetAddress>> {
        asked.add(host)
        return Deferred<List<InetAddress>> { cancelled.add(host) }.also { answers.add(it) }
    }
}

private fun Deferred<List<InetAddress>>.into(results: MutableList<Any>) {
    addCallbacks({ results.add(it) }, { results.add(it.value) })
}

class LookUpsSpec :
    StringSpec({
        fun lookingUp(test: (Reactor, Held) -> Unit) {
            val held = Held()
            withReactor(ReactorOptions(resolver = held)) { reactor -> reactor.onLoop { test(reactor, held) } }
        }

        "a resolver gives a Deferred: no thread is kept, and the answer comes when it fires" {
            lookingUp { reactor, held ->
                val results = ArrayList<Any>()
                reactor.resolve("db.example").into(results)
                results.shouldBeEmpty()
                held.answers.single().callback(ADDRESSES)
                results shouldContainExactly listOf(ADDRESSES)
                Thread.getAllStackTraces().keys.filter { "torsion-reactor-resolver" in it.name }.shouldBeEmpty()
            }
        }

        "who asks for a name that is being looked up waits for the same answer, whatever the case of its letters" {
            lookingUp { reactor, held ->
                val results = ArrayList<Any>()
                reactor.lookUp("db.example").into(results)
                reactor.lookUp("DB.example").into(results)
                reactor.lookUp("other.example").into(results)
                held.asked shouldContainExactly listOf("db.example", "other.example")
                held.answers[0].callback(ADDRESSES)
                results shouldContainExactly listOf(ADDRESSES, ADDRESSES)
                reactor.lookUp("db.example").into(results) // an answer is not kept: that is the resolver's affair
                held.asked.size shouldBe 3
                held.answers[2].errback(UnknownHostException("gone"))
                held.answers[1].errback(UnknownHostException("never was"))
                results.drop(2).map { (it as Throwable).message } shouldContainExactly listOf("gone", "never was")
            }
        }

        "who gives up leaves the others waiting; when nobody waits any more, the look-up is cancelled, and the next begins anew" {
            lookingUp { reactor, held ->
                val results = ArrayList<Any>()
                val first = reactor.lookUp("db.example").also { it.into(results) }
                val second = reactor.lookUp("db.example").also { it.into(results) }
                first.cancel()
                results.single().shouldBeInstanceOf<CancellationException>()
                held.cancelled.shouldBeEmpty()
                second.cancel()
                held.cancelled shouldContainExactly listOf("db.example")
                results.size shouldBe 2
                reactor.lookUp("db.example").into(results)
                held.answers[1].callback(ADDRESSES)
                results.last() shouldBe ADDRESSES
            }
        }

        "who is told first may cancel those who are not told yet, and ask again" {
            lookingUp { reactor, held ->
                val results = ArrayList<Any>()
                lateinit var second: Deferred<List<InetAddress>>
                reactor.lookUp("db.example").addCallback {
                    second.cancel()
                    reactor.lookUp("db.example").into(results)
                }
                second = reactor.lookUp("db.example")
                second.into(results)
                held.answers[0].callback(ADDRESSES)
                results.single().shouldBeInstanceOf<CancellationException>()
                held.answers[1].callback(ADDRESSES)
                results.last() shouldBe ADDRESSES
                held.cancelled.shouldBeEmpty()
            }
        }

        "a time-out of one who asks is not the others'" {
            val held = Held()
            withReactor(ReactorOptions(resolver = held)) { reactor ->
                val patient = reactor.onLoop { listOf(reactor.resolve("db.example")) }
                shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("db.example", timeout = Duration.ofMillis(1)) } }
                reactor.onLoop { held.answers.single().callback(ADDRESSES) }
                reactor.resultOnLoop { patient.single() } shouldBe ADDRESSES
            }
        }

        "what a resolver throws, and what one cannot be made for, fails the look-up; the next one asks again" {
            var made = 0
            val factory =
                HostResolverFactory {
                    if (made++ == 0) throw IllegalStateException("not yet")
                    HostResolver { host ->
                        if (host ==
                            "bad.example"
                        ) {
                            throw StackOverflowError("on purpose")
                        } else {
                            fail(UnknownHostException(host))
                        }
                    }
                }
            withReactor(ReactorOptions(resolver = factory)) { reactor ->
                for ((host, message) in listOf("any.example" to "not yet", "bad.example" to "on purpose", "x.example" to "x.example")) {
                    val error = shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve(host) } }
                    error.cause!!.message shouldBe message
                }
                made shouldBe 2
            }
        }

        "an installed resolver is asked from then on, and may ask the one before it" {
            lookingUp { reactor, held ->
                val results = ArrayList<Any>()
                reactor.lookUp("early.example").into(results)
                lateinit var before: HostResolver
                before =
                    reactor.installResolver(
                        HostResolver { host ->
                            if (host.endsWith(".example")) before.resolve("new-$host") else fail(UnknownHostException(host))
                        },
                    )
                before shouldBeSameInstanceAs held
                reactor.lookUp("db.example").into(results)
                reactor.lookUp("db.other").into(results)
                held.asked shouldContainExactly listOf("early.example", "new-db.example")
                held.answers.forEach { it.callback(ADDRESSES) }
                results.drop(1) shouldContainExactly listOf(ADDRESSES, ADDRESSES)
                results.first().shouldBeInstanceOf<UnknownHostException>()
            }
        }

        "those who wait for a name when the reactor ends fail, whatever the resolver does" {
            val held = Held()
            val results = ArrayList<Any>()
            withReactor(ReactorOptions(resolver = held)) { reactor ->
                reactor.onLoop { repeat(2) { reactor.resolve("db.example").into(results) } }
            }
            results.map { (it as DnsLookupException).cause.shouldBeInstanceOf<ReactorNotRunningException>() }.size shouldBe 2
            held.cancelled shouldContainExactly listOf("db.example")
        }

        "no more may wait than there is room for" {
            val held = Held()
            withReactor { reactor ->
                reactor.onLoop {
                    val lookUps = LookUps(NoThreads, held, mostWaiting = 2) { false }
                    val first = lookUps.find("a.example")
                    lookUps.find("a.example")
                    val refused = ArrayList<Any>()
                    lookUps.find("a.example").into(refused)
                    (refused.single() as Throwable).message shouldBe "2 answers about names are waited for"
                    first.addErrback { emptyList() }
                    first.cancel()
                    val results = ArrayList<Any>()
                    lookUps.find("a.example").into(results)
                    held.answers.single().callback(ADDRESSES)
                    results shouldContainExactly listOf(ADDRESSES)
                }
            }
        }

        "each reactor of a group has a resolver of its own" {
            val loops = HashSet<ResolverLoop>()
            val options =
                ReactorOptions(resolver = { loop -> HostResolver.fixed(mapOf("a.example" to ADDRESSES)).also { loops.add(loop) } })
            repeat(2) { withReactor(options) { reactor -> reactor.resultOnLoop { reactor.resolve("A.example") } shouldBe ADDRESSES } }
            loops.size shouldBe 2
        }
    })

private object NoThreads : ResolverLoop {
    override val clock get() = error("no clock")

    override fun <T> deferToResolverThread(call: Callable<T>) = error("no threads")
}
