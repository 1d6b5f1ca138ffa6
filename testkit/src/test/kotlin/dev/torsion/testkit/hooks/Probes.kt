// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe

/** A protocol that counts how it is made and lost. */
internal open class Probe(private val play: Play) : Protocol() {
    var made = 0
    var lost = 0

    init {
        play.probes.add(this)
    }

    override fun connectionMade() {
        made++
    }

    override fun connectionLost(reason: CloseReason) {
        lost++
    }

    override fun toString(): String = if (play.isHostile) play.beHostile() else super.toString()

    override fun hashCode(): Int = if (play.isHostile) play.beHostile() else super.hashCode()

    override fun equals(other: Any?): Boolean = if (play.isHostile) play.beHostile() else super.equals(other)
}

/** A factory of [make], which counts how it is started and stopped. */
internal open class Probes(private val play: Play, private val make: () -> Protocol = { Probe(play) }) : ClientFactory() {
    var started = 0
    var stopped = 0

    override fun startFactory() {
        started++
    }

    override fun stopFactory() {
        stopped++
    }

    override fun buildProtocol(address: Address): Protocol? = make()

    override fun logPrefix(): String = if (play.isHostile) play.beHostile() else super.logPrefix()

    override fun toString(): String = if (play.isHostile) play.beHostile() else super.toString()

    override fun hashCode(): Int = if (play.isHostile) play.beHostile() else super.hashCode()

    override fun equals(other: Any?): Boolean = if (play.isHostile) play.beHostile() else super.equals(other)
}

/** One that fails when it is told of its end. */
internal class LosesItsHead(private val play: Play) : Probe(play) {
    override fun connectionLost(reason: CloseReason) {
        super.connectionLost(reason)
        play.fail()
    }
}

/** A client's factory that notes what it hears. */
internal class Listening(play: Play, make: () -> Protocol) : Probes(play, make) {
    private val heard = ArrayList<String>()

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        heard.add("failed")
    }

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
        heard.add("lost")
    }

    fun mustHaveHeard(what: String): Unit = withClue("what the factory has heard") { heard shouldBe listOf(what) }
}
