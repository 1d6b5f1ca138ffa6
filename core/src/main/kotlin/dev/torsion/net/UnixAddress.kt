// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.escaped
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Path

/**
 * One end of a connection over a UNIX socket; Twisted's `UNIXAddress`. Prints as `unix:/run/app.sock`.
 *
 * @property path the file of the socket, as it was given. Empty for an end without a name, as a client's is
 */
public data class UnixAddress(public val path: Path) : Address {
    /** Whether this end has no name. */
    public val isUnnamed: Boolean get() = path.toString().isEmpty()

    override fun toString(): String = if (isUnnamed) "unix:(unnamed)" else "unix:${escaped(path.toString())}"

    internal companion object {
        fun of(address: SocketAddress?): UnixAddress = UnixAddress((address as? UnixDomainSocketAddress)?.path ?: Path.of(""))
    }
}
