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
 * Finds the addresses of a host name; Twisted's `IResolverSimple` and `IHostnameResolver`. Each reactor has one.
 *
 * It gets names in ASCII only. A name with other letters comes in the form of IDNA (RFC 3490): `xn--bcher-kva.ch` for `bücher.ch`, however
 * its letters are composed. It is never asked for numeric addresses and `localhost`. All callers that ask for the same name at the same
 * time wait for the same answer.
 *
 * Thread: the reactor's, which it must not block. [BlockingHostResolver] is for code that blocks.
 */
public fun interface HostResolver : HostResolverFactory {
    /**
     * The addresses of [host], at least one, in the order in which they are to be tried. The reactor then takes the families in turn. An
     * exception or a failure fails the look-up; it is an [UnknownHostException] as a rule. The Deferred is cancelled when nobody waits for
     * it any more.
     */
    public fun resolve(host: String): Deferred<List<InetAddress>>

    /** This resolver: it needs nothing of a reactor. */
    override fun create(loop: ResolverLoop): HostResolver = this

    public companion object {
        /** Knows [hosts] only, like a hosts file: for tests, and for programs that must ask no name server. The case of names is ignored. */
        @JvmStatic
        public fun fixed(hosts: Map<String, List<InetAddress>>): HostResolver {
            val known = hosts.mapKeys { asciiName(it.key).lowercase() }
            return HostResolver { host -> known[host.lowercase()]?.let { succeed(it) } ?: fail(UnknownHostException(escaped(host))) }
        }
    }
}
