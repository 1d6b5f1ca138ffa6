// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.TlsServerEndpoint
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.security.Principal
import java.security.SecureRandom
import java.security.cert.X509Certificate
import javax.net.ssl.KeyManager
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLContextSpi
import javax.net.ssl.SSLEngine
import javax.net.ssl.TrustManager
import javax.net.ssl.X509ExtendedKeyManager

/** Shows [chain], whatever it is made of. */
private class Shown(private val identity: TlsIdentity, private val chain: List<X509Certificate>) : X509ExtendedKeyManager() {
    override fun getClientAliases(keyType: String?, issuers: Array<Principal>?) = null

    override fun chooseClientAlias(keyType: Array<String>?, issuers: Array<Principal>?, socket: Socket?) = null

    override fun getServerAliases(keyType: String?, issuers: Array<Principal>?) = arrayOf(ALIAS)

    override fun chooseServerAlias(keyType: String?, issuers: Array<Principal>?, socket: Socket?) = ALIAS

    override fun chooseEngineServerAlias(keyType: String, issuers: Array<Principal>?, engine: SSLEngine?) =
        ALIAS.takeIf { keyType.startsWith(identity.privateKey.algorithm) }

    override fun getCertificateChain(alias: String) = chain.toTypedArray()

    override fun getPrivateKey(alias: String) = identity.privateKey

    private companion object {
        const val ALIAS = "own"
    }
}

/** Engines of a server that shows what [keys] say, whatever its identity is. */
private fun showing(keys: KeyManager): TlsEngines = TlsEngines {
    val below = SSLContext.getInstance("TLS")
    val spi =
        object : SSLContextSpi() {
            override fun engineInit(km: Array<KeyManager>?, tm: Array<TrustManager>?, sr: SecureRandom?) = below.init(arrayOf(keys), tm, sr)

            override fun engineGetSocketFactory() = below.socketFactory

            override fun engineGetServerSocketFactory() = below.serverSocketFactory

            override fun engineCreateSSLEngine() = below.createSSLEngine()

            override fun engineCreateSSLEngine(host: String?, port: Int) = below.createSSLEngine(host, port)

            override fun engineGetServerSessionContext() = below.serverSessionContext

            override fun engineGetClientSessionContext() = below.clientSessionContext
        }
    object : SSLContext(spi, below.provider, "TLS") {}
}

/** A pin is for one of those who vouch for the server, and not for anybody whom it names. */
class TlsPinsSpec :
    StringSpec({
        val own = TlsIdentity.fromPem(file("ec.key"), file("ec.pem"))
        val signer = Pem.of(Files.readString(file("mid.pem")), "mid.pem").certificates().single()
        val trust = TlsTrust.fromPem(file("ca.pem"))

        fun Reactor.connectTo(chain: List<X509Certificate>, pinned: X509Certificate) = blockingCallFromThread {
            val server = Tls.server(own).withEngines(showing(Shown(own, chain)))
            val client = Tls.client().withTrust(trust).withPins(TlsPin.of(pinned))
            fun quiet() = Factory { object : Protocol() {} }.apply { isNoisy = false }
            TlsServerEndpoint(this, 0, server, networkInterface = "127.0.0.1").listen(quiet())
                .addAsyncCallback { port -> TlsClientEndpoint(this, "127.0.0.1", port.port(), client).connect(quiet()) }
        }

        "the key of whoever has signed the certificate counts, in any order" {
            withReactor { reactor ->
                reactor.connectTo(listOf(own.certificate, signer), signer)
                val stranger = Tls.selfSigned("stranger.example").certificate
                reactor.connectTo(listOf(own.certificate, stranger, signer), signer)
            }
        }

        "a key whose owner has signed nothing does not count" {
            withReactor { reactor ->
                val stranger = Tls.selfSigned("stranger.example").certificate
                for (chain in listOf(listOf(own.certificate, signer, stranger), listOf(own.certificate, stranger, signer))) {
                    val failure = shouldThrow<TlsConnectException> { reactor.connectTo(chain, stranger) }
                    failure.tls.shouldBeInstanceOf<TlsPinException>().pins shouldContainExactly
                        listOf(TlsPin.of(own.certificate), TlsPin.of(signer))
                }
            }
        }
    })
