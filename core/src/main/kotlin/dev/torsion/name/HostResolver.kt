// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.log.escaped
import java.net.InetAddress
import java.net.UnknownHostException

/**
 * Finds the addresses of a host name; the reactor's resolver, in Twisted an `IResolverSimple` and an `IHostnameResolver`.
 *
 * A name is asked for by nothing but letters of ASCII: one with others in the form of IDNA (RFC 3490), `xn--bcher-kva.ch` for `bücher.ch`,
 * however its letters are composed. Numeric addresses and `localhost` are never asked for. While a name is being looked up, whoever asks for
 * it as well waits for the same answer.
 *
 * Thread: the reactor's, which it must not block. See [BlockingHostResolver] for one that does.
 */
public fun interface HostResolver : HostResolverFactory {
    /**
     * The addresses of [host], at least one, in the order in which they are to be tried; those of both families are then mixed. Anything that
     * it throws or fails with fails the look-up, an [UnknownHostException] as a rule. The Deferred is cancelled when nobody waits for it any
     * more.
     */
    public fun resolve(host: String): Deferred<List<InetAddress>>

    /** This resolver: it needs nothing of a reactor. */
    override fun create(loop: ResolverLoop): HostResolver = this

    public companion object {
        /** [hosts] and nothing else, like a hosts file: for tests, and for programs that must not ask anybody. The case of names is ignored. */
        @JvmStatic
        public fun fixed(hosts: Map<String, List<InetAddress>>): HostResolver {
            val known = hosts.mapKeys { asciiName(it.key).lowercase() }
            return HostResolver { host -> known[host.lowercase()]?.let { succeed(it) } ?: fail(UnknownHostException(escaped(host))) }
        }
    }
}
