// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Address
import dev.torsion.net.InternetAddress

/**
 * Where a request comes from.
 *
 * @property peer the other end of the connection
 * @property client the one that has asked first, as trusted proxies say
 * @property scheme the scheme that the client has used
 * @property host the host that the client has asked for; null when only the request itself says it
 * @property isFromProxy whether [peer] is a trusted proxy
 * @property isForwarded whether it says so in `Forwarded`, and not in the fields that begin with `X-`
 */
internal class Origin(
    val peer: Address,
    val client: Address,
    val scheme: String,
    val host: String?,
    val isFromProxy: Boolean = false,
    val isForwarded: Boolean = false,
) {
    companion object {
        /** As [proxies] say it in [headers] of the request that came over the connection with [own]. */
        fun of(own: Origin, headers: Headers, proxies: TrustedProxies): Origin {
            if (!proxies.trusts(own.peer)) return own
            val said = if (proxies.isForwarded) ForwardedSyntax.parse(headers.all("Forwarded")) else xForwarded(headers)
            var client = own.client
            var last: ForwardedElement? = null
            for (element in said.asReversed()) {
                last = element
                client = element.client ?: break
                if (!proxies.trusts(client)) break
            }
            return Origin(own.peer, client, last?.scheme ?: own.scheme, last?.host, isFromProxy = true, isForwarded = proxies.isForwarded)
        }

        /** The way from the end of the list ends at an address that cannot be read. */
        private fun xForwarded(headers: Headers): List<ForwardedElement> {
            val addresses = list(headers, "X-Forwarded-For")
            val schemes = list(headers, "X-Forwarded-Proto").map { it.lowercase() }
            val hosts = list(headers, "X-Forwarded-Host")
            return addresses.mapIndexed { i, address ->
                val scheme = of(schemes, i, addresses.size)?.takeIf { it == "http" || it == "https" }
                ForwardedElement(address(address), scheme, of(hosts, i, addresses.size)?.takeIf { it.isNotEmpty() && isAuthority(it) })
            }
        }

        private fun list(headers: Headers, name: String) = headers.all(name).flatMap { it.split(',') }.map { it.trim(' ', '\t') }

        /** One value is that of the outermost proxy, which the others have left; as many as there are addresses are theirs. */
        private fun of(values: List<String>, index: Int, count: Int): String? =
            values.singleOrNull() ?: values.takeIf { it.size == count }?.get(index)

        private fun address(text: String): InternetAddress? {
            NumericHost.parse(text)?.let { return InternetAddress.of(it, 0) }
            val (host, port) = WITH_PORT.matchEntire(text)?.destructured ?: return null
            val address = NumericHost.parse(host.removeSurrounding("[", "]")) ?: return null
            val number = port.ifEmpty { "0" }.toInt()
            return if (number <= MOST_PORT) InternetAddress.of(address, number) else null
        }

        private val WITH_PORT = Regex("""([0-9.]+|\[[0-9a-fA-F:.]+])(?::([0-9]{1,5}))?""")
        private const val MOST_PORT = 65_535
    }
}
