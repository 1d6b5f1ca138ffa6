// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.clock.Clock
import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.gatherResults
import dev.torsion.defer.succeed
import dev.torsion.log.Undescribed
import dev.torsion.net.AddressFamily
import dev.torsion.net.DnsLookupException
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resolve
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.Inet4Address
import java.net.InetAddress
import java.net.UnknownHostException
import java.time.Duration
import java.util.Collections
import java.util.concurrent.Callable
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicInteger

private fun address(text: String): InetAddress = InetAddress.getByName(text)

/** The threads of [reactor]'s pool, to look names up on. */
private class ThreadsOf(private val reactor: Reactor) : ResolverLoop {
    override val clock: Clock get() = reactor

    override fun <T> deferToResolverThread(call: Callable<T>): Deferred<T> = reactor.deferToThread(call)
}

/** The duties of every resolver that blocks, seen through a reactor: [known] is a name that [resolver] knows. */
private fun FunSpec.resolverContract(name: String, resolver: BlockingHostResolver, known: String) {
    context("contract of $name") {
        fun <T> lookingUp(resolver: BlockingHostResolver, test: (Reactor) -> T) = withReactor(ReactorOptions(resolver = resolver), test)

        test("a known name has addresses, and the answer comes on the loop though it was found elsewhere") {
            var askedOn = Thread.currentThread()
            var loop = askedOn
            lookingUp(
                BlockingHostResolver { host ->
                    resolver.resolve(host).also { askedOn = Thread.currentThread() }
                },
            ) { reactor ->
                loop = reactor.resultOnLoop { succeed(Thread.currentThread()) }
                val answer = reactor.resultOnLoop { reactor.resolve(known).addCallback { it to reactor.isInReactorThread } }
                answer.first.shouldNotBeEmpty()
                answer.second shouldBe true
            }
            askedOn shouldNotBe loop
        }

        test("an unknown name is a typed error that says why") {
            lookingUp(resolver) { reactor ->
                val error = shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("no-such-host.invalid") } }
                error.host shouldBe "no-such-host.invalid"
                error.cause.shouldBeInstanceOf<UnknownHostException>()
            }
        }

        test("numeric addresses and localhost are not looked up") {
            val asked = Collections.synchronizedList(ArrayList<String>())
            lookingUp(BlockingHostResolver { host -> resolver.resolve(host).also { asked.add(host) } }) { reactor ->
                listOf("127.0.0.1", "::1", "fe80::1", "10.0.0.255", "localhost", "LocalHost").forEach { literal ->
                    reactor.onLoop { reactor.resolve(literal).called } shouldBe true
                }
                reactor.resultOnLoop { reactor.resolve("10.0.0.255") } shouldContainExactly listOf(address("10.0.0.255"))
            }
            asked.shouldBeEmpty()
        }

        test("the family chooses among the addresses; none left is an error") {
            lookingUp(resolver) { reactor ->
                reactor.resultOnLoop { reactor.resolve("localhost", AddressFamily.IPV4) } shouldContainExactly listOf(address("127.0.0.1"))
                reactor.resultOnLoop { reactor.resolve("localhost", AddressFamily.IPV6) } shouldContainExactly listOf(address("::1"))
                shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("127.0.0.1", AddressFamily.IPV6) } }
            }
        }

        test("an answer that does not come in time is a typed error, and no harm when it comes later") {
            val release = CountDownLatch(1)
            val reported = Collections.synchronizedList(ArrayList<Throwable>())
            val late = BlockingHostResolver { host -> release.awaitOrFail().let { resolver.resolve(host) } }
            withReactor(ReactorOptions(resolver = late, errorListener = { _, error -> reported.add(error) })) { reactor ->
                val error =
                    shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve(known, timeout = Duration.ofMillis(20)) } }
                error.cause.shouldBeInstanceOf<DeferredTimeoutException>()
                release.countDown()
                reactor.resultOnLoop { reactor.resolve(known) }.shouldNotBeEmpty()
            }
            reported.shouldBeEmpty()
        }

        test("cancelled, it fails as cancelled, and a late answer harms nobody") {
            val release = CountDownLatch(1)
            lookingUp(BlockingHostResolver { host -> release.awaitOrFail().let { resolver.resolve(host) } }) { reactor ->
                shouldThrow<DeferredCancelledException> {
                    reactor.resultOnLoop { reactor.resolve(known).also(Deferred<*>::cancel) }
                }
                release.countDown()
                reactor.resultOnLoop { reactor.resolve(known) }.shouldNotBeEmpty()
            }
        }

        test("whatever a resolver throws or gives, the look-up fails with it, and the next name is looked up") {
            val failures =
                listOf<() -> List<InetAddress>>(
                    { throw IOException("on purpose") },
                    { throw OutOfMemoryError("on purpose") },
                    { throw NoClassDefFoundError("on/purpose") },
                    { throw Undescribed() },
                    {
                        @Suppress("UNCHECKED_CAST")
                        (listOf<Any?>(null) as List<InetAddress>)
                    },
                )
            var next = 0
            lookingUp(
                BlockingHostResolver { host ->
                    if (host ==
                        "bad.invalid"
                    ) {
                        failures[next++]()
                    } else {
                        resolver.resolve(host)
                    }
                },
            ) { reactor ->
                repeat(failures.size) {
                    val error = shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("bad.invalid") } }
                    error.message shouldBe "Host name \"bad.invalid\" has no address."
                    error.cause.shouldNotBeNull()
                    reactor.resultOnLoop { reactor.resolve(known) }.shouldNotBeEmpty()
                }
            }
        }

        test("several names at once each get their own answer") {
            lookingUp(resolver) { reactor ->
                val answers =
                    reactor.resultOnLoop { gatherResults(listOf(known, "127.0.0.1", known).map { reactor.resolve(it) }) }
                answers.forEach { it.shouldNotBeEmpty() }
                answers[1] shouldContainExactly listOf(address("127.0.0.1"))
            }
        }
    }
}

class HostResolverSpec :
    FunSpec({
        val memory =
            HostResolver.fixed(
                mapOf("db.example" to listOf(address("10.0.0.1"), address("fd00::1"), address("10.0.0.2")), "empty.example" to emptyList()),
            )
        val blocking = BlockingHostResolver { host ->
            if (host ==
                "db.example"
            ) {
                listOf(address("10.0.0.1"))
            } else {
                throw UnknownHostException(host)
            }
        }
        resolverContract("the system's resolver", BlockingHostResolver.system(), InetAddress.getLocalHost().hostName)
        resolverContract("names in memory", blocking, "db.example")

        test("several addresses keep their order, whatever the family; names are compared in lower case") {
            withReactor(ReactorOptions(resolver = memory)) { reactor ->
                fun find(family: AddressFamily) = reactor.resultOnLoop { reactor.resolve("DB.example", family) }.map {
                    (if (it is Inet4Address) "4 " else "6 ") +
                        it.address.last()
                }
                find(AddressFamily.ANY) shouldContainExactly listOf("4 1", "6 1", "4 2")
                find(AddressFamily.IPV4) shouldContainExactly listOf("4 1", "4 2")
                find(AddressFamily.IPV6) shouldContainExactly listOf("6 1")
            }
        }

        test("what only looks like an address is looked up, and so is never waited for on the loop") {
            val asked = Collections.synchronizedList(ArrayList<String>())
            val odd = listOf("256.1.1.1", "1:2", "x:y", "::1%no_such_zone", "1.2.3")
            withReactor(
                ReactorOptions(
                    resolver = BlockingHostResolver { host ->
                        emptyList<InetAddress>().also { asked.add(host) }
                    },
                ),
            ) { reactor ->
                odd.forEach { host ->
                    shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve(host) } }.host shouldBe host
                }
            }
            asked shouldContainExactly odd
        }

        test("a resolver that gives no address, or throws whatever, is a typed error") {
            withReactor(ReactorOptions(resolver = memory)) { reactor ->
                shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("empty.example") } }.cause shouldBe null
            }
            withReactor(ReactorOptions(resolver = BlockingHostResolver { throw IllegalStateException("broken") })) { reactor ->
                shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("any.example") } }.cause!!.message shouldBe
                    "broken"
            }
        }

        test("resolvers that hang keep at most four threads, and no other blocking work waiting; the reactor stops all the same") {
            val hanging = AtomicInteger()
            val four = CountDownLatch(4)
            val never = CountDownLatch(1)
            val resolver =
                BlockingHostResolver {
                    hanging.incrementAndGet()
                    four.countDown()
                    never.await()
                    emptyList()
                }
            withReactor(ReactorOptions(threadName = "hanging", resolver = resolver)) { reactor ->
                val lookups = reactor.onLoop { List(20) { reactor.resolve("host-$it.example").addErrback { emptyList() } } }
                four.awaitOrFail()
                reactor.resultOnLoop { reactor.deferToThread { "done" } } shouldBe "done"
                hanging.get() shouldBe 4
                val threads = Thread.getAllStackTraces().keys.filter { "hanging-resolver" in it.name }
                threads.map { it.isDaemon } shouldContainExactly List(4) { true }
                lookups.size shouldBe 20
            }
            never.countDown()
        }

        test("a look-up that is given up while it waits is never made, and makes room for others; more than may wait are refused") {
            val go = CountDownLatch(1)
            val asked = Collections.synchronizedList(ArrayList<String>())
            val four = CountDownLatch(4)
            val resolver =
                BlockingHostResolver { host ->
                    asked.add(host)
                    four.countDown()
                    go.awaitOrFail()
                    listOf(address("127.0.0.1"))
                }
            withReactor { reactor ->
                val lookUps = ThreadedHostResolver(ThreadsOf(reactor), resolver, mostWaiting = 100)
                val busy = reactor.onLoop { List(4) { lookUps.resolve("busy-$it.example") } }
                four.awaitOrFail()
                val refused = ArrayList<Throwable>()
                repeat(50) { _ ->
                    reactor.onLoop {
                        val many = List(101) { lookUps.resolve("given-up.example") }
                        many.last().addErrback { refused.add(it.value).let { emptyList() } }
                        many.dropLast(1).forEach { lookUp ->
                            lookUp.cancel()
                            lookUp.addErrback { emptyList() }
                        }
                    }
                }
                refused.map { it.shouldBeInstanceOf<RejectedExecutionException>().message }.toSet() shouldBe
                    setOf("100 names wait to be looked up")
                refused.size shouldBe 50
                val last = reactor.onLoop { listOf(lookUps.resolve("last.example")) }
                go.countDown()
                reactor.resultOnLoop { last.single() }.shouldNotBeEmpty()
                reactor.resultOnLoop { gatherResults(busy) }
            }
            asked.toSet() shouldBe setOf("busy-0.example", "busy-1.example", "busy-2.example", "busy-3.example", "last.example")
        }

        test("look-ups that no thread can be made for fail, all of those that wait") {
            withReactor { reactor ->
                val noThread =
                    object : ResolverLoop by ThreadsOf(reactor) {
                        override fun <T> deferToResolverThread(call: Callable<T>): Deferred<T> = throw OutOfMemoryError("no thread")
                    }
                val lookUps = ThreadedHostResolver(noThread, BlockingHostResolver.system())
                for (name in listOf("one.example", "two.example")) {
                    shouldThrow<OutOfMemoryError> { reactor.resultOnLoop { lookUps.resolve(name) } }
                }
            }
        }

        test("a name beyond ASCII is looked up as the name service knows it, however its letters are composed (test_idnaHostnameText)") {
            val asked = Collections.synchronizedList(ArrayList<String>())
            val known = HostResolver.fixed(mapOf("b\u00fccher.ch" to listOf(address("10.0.0.1"))))
            withReactor(ReactorOptions(resolver = HostResolver { host -> known.resolve(host).also { asked.add(host) } })) { reactor ->
                for (name in listOf("b\u00fccher.ch", "bu\u0308cher.ch", "B\u00dcCHER.ch", "xn--bcher-kva.ch")) {
                    reactor.resultOnLoop { reactor.resolve(name) } shouldContainExactly listOf(address("10.0.0.1"))
                }
                val error = shouldThrow<DnsLookupException> { reactor.resultOnLoop { reactor.resolve("\u00fc".repeat(64) + ".ch") } }
                error.cause.shouldBeInstanceOf<IllegalArgumentException>()
                // Digits that other alphabets write are digits.
                reactor.resultOnLoop { reactor.resolve("\uff11\uff12\uff17.0.0.1") } shouldContainExactly listOf(address("127.0.0.1"))
            }
            asked.toSet() shouldBe setOf("xn--bcher-kva.ch")
        }

        test("names are looked up on the reactor's thread only") {
            withReactor { reactor -> shouldThrow<WrongThreadException> { reactor.resolve("localhost") }.message shouldContain "lookUp" }
        }
    })
