// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.Portal
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol

/**
 * Serves objects; Twisted's `PBServerFactory`.
 *
 * ```java
 * torsion.listen("tcp:8800", new PBServerFactory(new Calculator())).join();
 * ```
 *
 * With a [Portal] the peers log in first, with a name and a password or as a guest, and get their [Avatar].
 *
 * Thread: the reactor's.
 *
 * @param root what each peer gets first: a [Root]
 */
public class PBServerFactory
@JvmOverloads
constructor(private val root: RootSource, private val options: PBOptions = PBOptions.DEFAULT) :
    Factory() {
    /** Peers log in through [portal]. Its checkers must do for [dev.torsion.cred.Md5ChallengeResponse], which an `InMemoryChecker` does. */
    @JvmOverloads
    public constructor(portal: Portal, options: PBOptions = PBOptions.DEFAULT) : this(RootSource { PortalRoot(portal, it) }, options)

    init {
        // A mistake in the methods of the root shows now, and not with the first call.
        if (root is Referenceable) MethodTable.of(root.javaClass, MethodKind.REMOTE)
    }

    private val open = LinkedHashSet<Broker>()

    /** The connections that are open now. */
    public val brokers: Set<Broker>
        @JvmName("brokers")
        get() = java.util.Set.copyOf(open)

    override fun buildProtocol(address: Address): Protocol? {
        if (open.size >= options.maxConnections) {
            log.warn(
                "A connection from {peer} is closed: there are {limit} already, the limit",
                LogKeys.PEER to address.toString(),
                "limit" to options.maxConnections,
            )
            return null
        }
        val broker = Broker(isClient = false, options, Owner())
        broker.setNameForLocal("root", root.rootObject(broker))
        open.add(broker)
        broker.factory = this
        return broker
    }

    private inner class Owner : BrokerOwner {
        override fun ready(broker: Broker) {}

        override fun lost(broker: Broker, reason: CloseReason) {
            open.remove(broker)
        }
    }

    private companion object {
        val log = Logger(PBServerFactory::class.java)
    }
}
