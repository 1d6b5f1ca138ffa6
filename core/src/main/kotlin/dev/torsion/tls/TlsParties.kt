// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.defer.Deferred
import dev.torsion.net.Address
import dev.torsion.net.InternetAddress
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLEngine

/** The side of a server. */
internal class ServerParty(private val options: TlsServerOptions) : TlsVoice(options.settings) {
    override fun engine(): SSLEngine? = if (options.isByName) null else engine(options.identity.get())

    override fun engineFor(hello: ClientHello): Deferred<SSLEngine> = options.identityFor(hello).addCallback { engine(it) }

    private fun engine(identity: TlsIdentity): SSLEngine = options.contextFor(identity).createSSLEngine().apply {
        useClientMode = false
        options.settings.applyTo(this) {
            useCipherSuitesOrder = true
            if (options.clientTrust != null) {
                if (options.isClientNeeded) needClientAuth = true else wantClientAuth = true
            }
        }
    }

    override fun peer(address: Address): String = "The client $address"

    override fun plainText(beginning: String): String =
        "The client speaks plain text on a port that expects TLS: it began with \"$beginning\"."

    override fun whyEnded(): String = "It may not trust the certificate of this server."
}

/** The side of a client of the server [host], which is a name or an address as TLS has it. */
internal class ClientParty(private val options: TlsClientOptions, host: String, private val port: Int) : TlsVoice(options.settings) {
    private val name = options.serverName ?: host

    override fun engine(): SSLEngine = options.context.createSSLEngine(name, port).apply {
        useClientMode = true
        options.settings.applyTo(this) {
            if (numericAddress(name) == null) serverNames = listOf(SNIHostName(name))
            if (options.checksName) endpointIdentificationAlgorithm = "HTTPS"
        }
    }

    override fun engineFor(hello: ClientHello): Deferred<SSLEngine> = error("a client has its engine")

    override fun peer(address: Address): String = "The server $name" + if (address is InternetAddress) " ($address)" else ""

    override fun plainText(beginning: String): String =
        "The server $name does not speak TLS on this port: it began with \"$beginning\". The port may be for plain text, or want STARTTLS first."

    override fun whyEnded(): String = "It may not speak TLS on this port."
}
