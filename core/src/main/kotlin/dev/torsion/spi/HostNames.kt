// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.defer.Deferred
import dev.torsion.net.AddressFamily
import java.net.InetAddress
import java.time.Duration

/** The names that a loop can look up: what an engine connects by. */
@TorsionSpi
public fun interface HostNames {
    /**
     * The addresses of [host] that are of this [family], the best first, as [dev.torsion.reactor.resolve] gives them: fails with a
     * [DnsLookupException][dev.torsion.net.DnsLookupException] when there is none, and after [timeout]. Thread: the loop's.
     */
    public fun resolve(host: String, family: AddressFamily, timeout: Duration): Deferred<List<InetAddress>>
}
