// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.security.Provider
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine

/**
 * The place that engines of TLS come from: the JDK, unless a program says otherwise. [of] takes them from another provider of the JDK's
 * architecture, such as Conscrypt or Bouncy Castle.
 *
 * Conscrypt finds the certificate of a server by the cipher suites of TLS 1.2. Leave one of them in
 * [the list][TlsServerOptions.withCipherSuites] even if the server speaks TLS 1.3 only.
 *
 * Thread: any.
 */
public fun interface TlsEngines {
    /** A new context, not initialized. */
    public fun context(): SSLContext

    /** [engine] was made and set up for a connection. */
    public fun created(engine: SSLEngine) {}

    /** [engine] is used no more. Providers with memory outside of the heap give it back here. */
    public fun released(engine: SSLEngine) {}

    public companion object {
        /** The engines of the JDK. */
        @JvmField
        public val JDK: TlsEngines = TlsEngines { SSLContext.getInstance("TLS") }

        /** The engines of [provider]. */
        @JvmStatic
        public fun of(provider: Provider): TlsEngines = TlsEngines { SSLContext.getInstance("TLS", provider) }
    }
}
