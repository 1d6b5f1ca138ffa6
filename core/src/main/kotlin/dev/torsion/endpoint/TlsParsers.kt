// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.name.LocalEnd
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsTrust
import java.io.IOException
import java.nio.file.NoSuchFileException
import java.nio.file.Path

/**
 * `ssl:PORT[:privateKey=FILE][:certKey=FILE][:extraCertChain=FILE][:password=TEXT][:sslmethod=NAME][:interface=ADDRESS][:backlog=N]` and
 * `[:reusePort=1]`.
 */
internal object TlsServerParser : ServerEndpointParser {
    override fun prefix() = "ssl"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("port")
        val port = text.needed("port").port(smallest = 0)
        val networkInterface = text.option("interface")?.address() ?: ""
        val backlog = text.option("backlog")?.number(1, Int.MAX_VALUE) ?: ListeningPort.DEFAULT_BACKLOG
        text.option("dhParameters") // of use to no cipher that is offered
        val identity =
            identity(text, text.option("privateKey") ?: text.option("certKey"), text.option("certKey"), text.option("extraCertChain"))
        val tls = Tls.server(identity ?: read(null, text) { TlsIdentity.fromPem(Path.of(DEFAULT_FILE)) })
        val versions = text.option("sslmethod")?.let(::versions)
        val ofVersion = if (versions == null) tls else tls.withVersions(versions)
        return TlsServerEndpoint(reactor, port, ofVersion, networkInterface).withBacklog(backlog).withOptions(text.portOptions())
    }

    private fun versions(method: EndpointArgument): String? = when (method.value) {
        "TLS_METHOD", "SSLv23_METHOD" -> null
        "TLSv1_2_METHOD" -> "TLSv1.2"
        "TLSv1_3_METHOD" -> "TLSv1.3"
        else -> throw method.error(
            "sslmethod \"${method.value}\" is broken or unknown; there are TLS_METHOD, TLSv1_3_METHOD and TLSv1_2_METHOD",
        )
    }

    /** Twisted's. */
    private const val DEFAULT_FILE = "server.pem"
}

/**
 * `tls:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS][:trustRoots=PATH][:certificate=FILE][:privateKey=FILE][:endpoint=STRING]`, and
 * `ssl:HOST:PORT` with `caCertsDir` and `certKey` for `trustRoots` and `certificate`.
 */
internal class TlsClientParser(private val kind: String, private val trust: String, private val certificate: String) :
    ClientEndpointParser {
    override fun prefix() = kind

    override fun parse(reactor: Reactor, text: EndpointString): ClientEndpoint {
        text.order("host", "port")
        val host = text.hostBeforePort(kind)
        val port = text.needed("port").port()
        val timeout = text.option("timeout")?.seconds() ?: Connector.DEFAULT_TIMEOUT
        val bindAddress = text.option("bindAddress")?.let { local -> local.address().also { local.checked { LocalEnd(it) } } }
        val tls = tls(text)
        val below = text.option("endpoint")
        if (below != null) return below.checked { wrapClientTls(tls, clientFromString(reactor, below.value, text.transport), host) }
        return TlsClientEndpoint(reactor, host, port, tls).withConnecting(ConnectOptions(timeout, bindAddress)).withOptions(text.transport)
    }

    private fun tls(text: EndpointString): TlsClientOptions {
        var tls = Tls.client()
        text.option(trust)?.let { roots -> tls = tls.withTrust(read(roots, text) { TlsTrust.fromPem(Path.of(roots.value)) }) }
        val own = text.option(certificate)
        identity(text, text.option("privateKey") ?: own, own)?.let { tls = tls.withIdentity(it) }
        text.option("hostname")?.let { name -> tls = name.checked { tls.withServerName(name.value) } }
        return tls
    }
}

/** The identity in [files], as far as they are given; null when none is. */
private fun identity(text: EndpointString, vararg files: EndpointArgument?): TlsIdentity? {
    val given = files.filterNotNull().distinctBy { it.value }
    if (given.isEmpty()) return null
    val password = text.option("password")?.value
    return read(given.first(), text) { TlsIdentity.fromPem(password, *given.map { Path.of(it.value) }.toTypedArray()) }
}

/** The result of [reading]; that a file cannot be used is an error of [argument], or of the whole [text]. */
private inline fun <T> read(argument: EndpointArgument?, text: EndpointString, crossinline reading: () -> T): T {
    val make = {
        try {
            reading()
        } catch (e: IOException) {
            throw IllegalArgumentException(if (e is NoSuchFileException) "there is no file ${e.file}" else e.message ?: e.toString(), e)
        }
    }
    return if (argument == null) EndpointString.parsing(text, make) else argument.checked(make)
}
