// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.endpoint.ClientEndpoint
import java.net.URI

/**
 * Says where the server of a URL is; Twisted's `IAgentEndpointFactory`. For UNIX sockets, for example:
 *
 * ```kotlin
 * HttpClientOptions.DEFAULT.withEndpoints { UNIXClientEndpoint(reactor, Path.of("/run/docker.sock")) }
 * ```
 */
public fun interface AgentEndpointFactory {
    /**
     * Where to connect to for the server of [url], or null for its own host and port. Asked for each new connection. Unlike Twisted's, it gives the
     * endpoint without TLS, which the agent adds for `https`. Connections are shared by the host and port of the URL.
     *
     * Thread: the reactor's.
     */
    public fun endpointForUri(url: URI): ClientEndpoint?
}
