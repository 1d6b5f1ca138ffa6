// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.spread.pb.Cacheable
import dev.torsion.spread.pb.Observe
import dev.torsion.spread.pb.PBClientFactory
import dev.torsion.spread.pb.PBServerFactory
import dev.torsion.spread.pb.Remote
import dev.torsion.spread.pb.RemoteCache
import dev.torsion.spread.pb.RemoteCacheObserver
import dev.torsion.spread.pb.Root
import dev.torsion.spread.pb.ask
import dev.torsion.spread.pb.connectPB
import dev.torsion.spread.pb.remote
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import kotlin.time.Duration.Companion.milliseconds

/** The Kotlin of docs/guide/perspective-broker.md. */
class PerspectiveBrokerSpec :
    StringSpec({
        "calls in a coroutine, by an interface, and with callbacks" {
            runReactorTest {
                val reactor = this
                val port = listenTcp(0, PBServerFactory(Calculator()), "127.0.0.1").port()
                val client = reactor.connectPB("tcp:127.0.0.1:$port")
                client.root().ask<Int>("add", 1, 2) shouldBe 3
                val calculator = client.root().remote<RemoteCalculator>()
                calculator.add(1, 2) shouldBe 3
                calculator.slowly(4.0).await() shouldBe 2.0
                client.close()

                val said = ArrayList<Any?>()
                val factory = PBClientFactory()
                reactor.connectTcp("127.0.0.1", port, factory)
                factory.getRootObject()
                    .addAsyncCallback { root -> root.callRemote("add", 1, 2) }
                    .addCallbacks({ sum -> said.add(sum) }, { failure -> said.add(failure.value) })
                    .await()
                said shouldBe listOf(3L)
                factory.disconnect()
            }
        }

        "a copy that is kept up to date" {
            val pond = Pond()
            val copy = RemotePond()
            pond.typeToCopyFor(null) shouldBe "ponds.Pond"
            copy.jumped(4)
            copy.frogs shouldBe 4
        }
    })

private class Calculator : Root {
    @Remote
    fun add(a: Int, b: Int) = a + b

    @Remote
    suspend fun slowly(number: Double): Double {
        delay(1.milliseconds)
        return kotlin.math.sqrt(number)
    }
}

private interface RemoteCalculator {
    suspend fun add(a: Int, b: Int): Int

    fun slowly(number: Double): Deferred<Double>
}

private class Pond : Cacheable {
    private val observers = ArrayList<RemoteCacheObserver>()
    private var frogs = 5

    override fun typeToCopyFor(perspective: Any?) = "ponds.Pond"

    override fun stateToCacheAndObserveFor(perspective: Any?, observer: RemoteCacheObserver): Any? {
        observers.add(observer)
        return mapOf("frogs" to frogs)
    }

    override fun stoppedObserving(perspective: Any?, observer: RemoteCacheObserver) {
        observers.remove(observer)
    }

    fun jump() {
        frogs--
        observers.forEach { it.send("jumped", frogs) }
    }
}

private class RemotePond : RemoteCache() {
    var frogs = 0

    override fun setCopyableState(state: Any?) {
        frogs = ((state as Map<*, *>)["frogs"] as Long).toInt()
    }

    @Observe
    fun jumped(left: Int) {
        frogs = left
    }
}
