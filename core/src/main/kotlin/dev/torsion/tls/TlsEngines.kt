// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.security.Provider
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine

/**
 * Where the engines of TLS come from: the JDK, unless said otherwise. Another provider of the JDK's architecture, such as Conscrypt or Bouncy
 * Castle, is given by [of].
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
