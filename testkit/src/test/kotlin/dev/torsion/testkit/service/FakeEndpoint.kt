// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.service

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.testkit.StringTransport

/** An endpoint whose attempts end when the test says so. */
internal class FakeEndpoint : ClientEndpoint {
    val attempts = ArrayList<Attempt>()

    override fun connect(factory: Factory): Deferred<Protocol> = Attempt(factory).also(attempts::add).result

    class Attempt(val factory: Factory) {
        val result = Deferred<Protocol>()
        val transport = StringTransport()

        fun succeed(): Protocol {
            val protocol = factory.buildProtocol(IPv4Address("192.0.2.2", 12345))!!
            transport.connect(protocol)
            result.callback(protocol)
            return protocol
        }

        fun fail(error: Exception = Exception("no connection")) = result.errback(error)
    }

    override fun toString() = "fake"
}

/** The result of a Deferred; empty while it has no result. */
internal fun <T> Deferred<T>.outcomes(): List<Outcome<T>> = ArrayList<Outcome<T>>().also { seen ->
    addBoth {
        seen.add(it)
        null
    }
}

internal fun List<Outcome<*>>.error(): Throwable = (single() as Failure).value
