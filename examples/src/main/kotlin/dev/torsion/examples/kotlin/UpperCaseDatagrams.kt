// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.framing.MessagePort
import dev.torsion.framing.RawCodec
import dev.torsion.framing.openDatagrams
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** Answers each datagram in upper case, in a coroutine. */
suspend fun shoutDatagrams(port: MessagePort<String>) {
    port.incoming.collect { (text, sender) -> port.send(text.uppercase(), sender) }
}

fun openTexts(reactor: Reactor, endpoint: String): Deferred<MessagePort<String>> = reactor.openDatagrams(endpoint, RawCodec().text())

fun main() {
    exitProcess(react { reactor -> shoutDatagrams(openTexts(reactor, "udp:8007").await()) })
}
