// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.net.Socket
import java.security.Principal
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509ExtendedKeyManager

/** Shows the [identity], whenever its kind of key is asked for. */
internal class OneIdentity(private val identity: TlsIdentity) : X509ExtendedKeyManager() {
    private val algorithm = identity.privateKey.algorithm

    private fun alias(keyType: String?) = if (keyType == algorithm) ALIAS else null

    override fun chooseEngineServerAlias(keyType: String?, issuers: Array<Principal>?, engine: SSLEngine?) = alias(keyType)

    override fun chooseEngineClientAlias(keyTypes: Array<String>?, issuers: Array<Principal>?, engine: SSLEngine?) =
        keyTypes?.firstNotNullOfOrNull(::alias)

    override fun getCertificateChain(alias: String?) = identity.chain.toTypedArray()

    override fun getPrivateKey(alias: String?) = identity.privateKey

    override fun getClientAliases(keyType: String?, issuers: Array<Principal>?) = alias(keyType)?.let { arrayOf(it) }

    override fun getServerAliases(keyType: String?, issuers: Array<Principal>?) = alias(keyType)?.let { arrayOf(it) }

    override fun chooseClientAlias(keyTypes: Array<String>?, issuers: Array<Principal>?, socket: Socket?) =
        keyTypes?.firstNotNullOfOrNull(::alias)

    override fun chooseServerAlias(keyType: String?, issuers: Array<Principal>?, socket: Socket?) = alias(keyType)

    private companion object {
        const val ALIAS = "own"
    }
}
