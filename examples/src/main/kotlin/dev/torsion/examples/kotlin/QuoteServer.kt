// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor

/** The quote of the day: says it and closes. */
class Quote(private val quote: String) : Protocol() {
    override fun connectionMade() {
        transport.write("$quote\r\n".encodeToByteArray())
        transport.loseConnection() // sends what was written first
    }
}

/** The first style: the factory is given what makes the protocol. */
fun quoteFactory(quote: String = "An apple a day keeps the doctor away"): Factory = Factory { Quote(quote) }

/** The second style: the factory overrides `buildProtocol`, here with a quote for each visitor in turn. */
class QuotesFactory(private vararg val quotes: String) : Factory() {
    private var visitors = 0

    override fun buildProtocol(address: Address) = Quote(quotes[visitors++ % quotes.size])
}

fun main() {
    val reactor = Reactor.create()
    TCP4ServerEndpoint(reactor, 8007).listen(quoteFactory("configurable quote"))
    TCP4ServerEndpoint(reactor, 8008).listen(QuotesFactory("Time flies.", "So do apples."))
    reactor.run()
}
