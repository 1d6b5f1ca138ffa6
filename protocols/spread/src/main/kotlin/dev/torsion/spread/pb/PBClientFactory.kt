// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.Anonymous
import dev.torsion.cred.Credentials
import dev.torsion.cred.Md5ChallengeResponse
import dev.torsion.cred.UsernamePassword
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.jelly.Tuple

/**
 * Uses the objects of a server; Twisted's `PBClientFactory`.
 *
 * ```kotlin
 * val factory = PBClientFactory()
 * reactor.connectTcp("localhost", 8800, factory)
 * factory.getRootObject().addAsyncCallback { root -> root.callRemote("add", 1, 2) }.addCallback(::println)
 * ```
 *
 * It is for one connection at a time. Give it to `connectTcp`, to an endpoint, or to a [ClientService][dev.torsion.service.ClientService],
 * which connects again when a connection is lost. [PBClient] is the same with a future.
 *
 * Thread: the reactor's.
 *
 * @param isReconnecting true when there will be another connection after one that failed or was lost: then a Deferred of the root object
 *   waits for that one, and does not fail
 */
public open class PBClientFactory
@JvmOverloads
constructor(
    private val options: PBOptions = PBOptions.DEFAULT,
    private val isReconnecting: Boolean = false,
) : ClientFactory() {
    private var ready: Broker? = null
    private var current: Broker? = null
    private val waiting = ArrayList<Deferred<RemoteReference>>()

    override fun buildProtocol(address: Address): Protocol {
        val broker = Broker(isClient = true, options, Owner())
        broker.factory = this
        current = broker
        return broker
    }

    /**
     * The root object of the server: at once when there is a connection, otherwise as soon as there is. Fails with the failure of the
     * attempt to connect, and with the close reason of a connection that ended before it was ready.
     */
    public fun getRootObject(): Deferred<RemoteReference> {
        ready?.let { return succeed(it.remoteForName("root")) }
        val deferred = Deferred<RemoteReference> { cancelled -> waiting.removeIf { it === cancelled } }
        waiting.add(deferred)
        return deferred
    }

    /** [getRootObject] of a connection that may have ended before anybody asked: then no other comes. */
    @JvmSynthetic
    internal fun rootOf(broker: Broker): Deferred<RemoteReference> = if (broker.isDisconnected) {
        fail(DeadReferenceException("The connection has ended before it was ready."))
    } else {
        getRootObject()
    }

    /**
     * Logs in and gives the avatar, whose `perspective_` methods can be called. The server's realm gets [mind]: null, or an object of ours
     * such as a [Referenceable].
     *
     * Credentials are a [UsernamePassword], of which only an answer to the server's challenge travels, or [Anonymous]. Fails with
     * [UnauthorizedLogin][dev.torsion.cred.UnauthorizedLogin] and its siblings, and otherwise as [getRootObject] and as a call.
     */
    @JvmOverloads
    public fun login(credentials: Credentials, mind: Any? = null): Deferred<RemoteReference> = when (credentials) {
        is Anonymous -> getRootObject().addAsyncCallback { root -> root.callRemote("loginAnonymous", mind) }.avatar()
        is UsernamePassword ->
            getRootObject()
                .addAsyncCallback { root -> root.callRemote("login", Bytes.utf8(credentials.username())) }
                .addAsyncCallback { answer -> respond(answer, credentials, mind) }
                .avatar()
        else -> fail(IllegalArgumentException("Perspective Broker cannot log in with a ${credentials.javaClass.name}"))
    }

    private fun respond(answer: Any?, credentials: UsernamePassword, mind: Any?): Deferred<Any?> {
        val challenge = (answer as? Tuple)?.takeIf { it.size == 2 }?.get(0) as? Bytes
        val challenger = (answer as? Tuple)?.takeIf { it.size == 2 }?.get(1) as? RemoteReference
        if (challenge == null || challenger == null) throw ProtocolViolationException("The server answers a login with no challenge.")
        val response = Md5ChallengeResponse.respond(credentials.password(), challenge.toByteArray())
        return challenger.callRemote("respond", Bytes.of(response), mind).addBoth {
            challenger.close()
            it.get()
        }
    }

    private fun Deferred<Any?>.avatar(): Deferred<RemoteReference> = addCallback { answer ->
        answer as? RemoteReference ?: throw ProtocolViolationException("The server answers a login with no avatar.")
    }.onUndelivered(RemoteReference::close)

    /** Closes the connection, if there is one. */
    public fun disconnect() {
        current?.let { if (it.isConnected) it.transport.loseConnection() }
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException): Unit = failWaiting(reason)

    private fun failWaiting(reason: Exception) {
        if (isReconnecting) return
        val told = waiting.toList()
        waiting.clear()
        for (deferred in told) if (!deferred.called) deferred.errback(reason) // one may cancel another
    }

    private inner class Owner : BrokerOwner {
        override fun ready(broker: Broker) {
            ready = broker
            val told = waiting.toList()
            waiting.clear()
            for (deferred in told) if (!deferred.called) deferred.callback(broker.remoteForName("root")) // one may cancel another
        }

        override fun lost(broker: Broker, reason: CloseReason) {
            if (ready === broker) ready = null
            if (current !== broker) return
            current = null
            failWaiting(reason)
        }
    }
}
