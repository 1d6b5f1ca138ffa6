// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import java.net.InetAddress

/**
 * A numeric address to connect from, such as `192.0.2.1` or `::1`, and perhaps a port: `192.0.2.1:4000`, `[::1]:4000`.
 *
 * @throws IllegalArgumentException when [text] is none
 */
internal class LocalEnd(text: String) {
    private val parts = WITH_PORT.matchEntire(text)?.destructured
    val port: Int = parts?.component3()?.toInt() ?: 0
    val addresses: List<InetAddress> =
        requireNotNull(literalAddresses(parts?.run { component1() + component2() } ?: text)) {
            "an address to connect from is numeric, but \"$text\" was given"
        }

    init {
        require(port <= 0xffff) { "a port to connect from is a number from 0 to 65535, but \"$text\" was given" }
    }

    private companion object {
        val WITH_PORT = Regex("""(?:\[(.+)]|([^:]+)):(\d{1,5})""")
    }
}
